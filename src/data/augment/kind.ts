import { OptionError, requireKnown } from '../../base/index.js';
import type { Transform } from '../batches.js';

/** One augmentation with its options, as plain JSON: `name` says which, the rest is its own. */
export interface Augmentation {
  readonly name: string;
  readonly [option: string]: unknown;
}

/** An option of an augmentation. */
export interface AugmentationOption<V> {
  /** Its value where none is given. */
  readonly preset: V;
  readonly description: string;
  /** Which values are good, in words: "a number in [0, 1]". */
  readonly expected: string;
  isGood(value: V): boolean;
}

/** A kind of augmentation: what pipelines and recipes may name. */
export interface AugmentationKind<O extends object = Record<string, unknown>> {
  readonly name: string;
  /** Every option that it has. */
  readonly options: { readonly [Name in keyof O]: AugmentationOption<O[Name]> };
  /** What a number behind the name stands for where there is room for one only, as in crop:2 on a command line, and what goes with it. */
  readonly shorthand: { readonly option: string; readonly with?: Readonly<Record<string, unknown>> };
  /** The transform that the options mean: all of them, each good by itself. @throws OptionError for options that do not go together; see `checkOption`. */
  make(options: O): Transform;
}

/** A number in an interval, ends included unless said otherwise. */
export function numberOption(
  preset: number,
  description: string,
  { least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY, above = false, below = false, whole = false } = {},
): AugmentationOption<number> {
  const isBounded = most !== Number.POSITIVE_INFINITY;
  const kind = whole ? 'a whole number' : isBounded || least !== Number.NEGATIVE_INFINITY ? 'a number' : 'a finite number';
  const range = isBounded
    ? ` in ${above ? '(' : '['}${least}, ${most}${below ? ')' : ']'}`
    : least === Number.NEGATIVE_INFINITY
      ? ''
      : above
        ? ` above ${least}`
        : `, at least ${least}`;
  return {
    preset,
    description,
    expected: `${kind}${range}`,
    isGood: (value) =>
      Number.isFinite(value) &&
      (!whole || Number.isInteger(value)) &&
      (above ? value > least : value >= least) &&
      (below ? value < most : value <= most),
  };
}

/** One of some words. */
export function choiceOption<Word extends string>(preset: Word, description: string, words: readonly Word[]): AugmentationOption<Word> {
  return { preset, description, expected: words.map((word) => `"${word}"`).join(' or '), isGood: (value) => words.includes(value) };
}

/** On or off. */
export function switchOption(preset: boolean, description: string): AugmentationOption<boolean> {
  return { preset, description, expected: 'true or false', isGood: (value) => typeof value === 'boolean' };
}

/** A step's options, with the defaults of those that are not given. @throws OptionError naming an option that there is not, or whose value is not good. */
export function completeOptions({ options }: AugmentationKind, { name, ...given }: Augmentation): Record<string, unknown> {
  const known = Object.keys(options);
  requireKnown(given, known, `augmentation "${name}"`);
  return Object.fromEntries(
    known.map((option) => {
      const { preset, expected, isGood } = options[option];
      const value = given[option] ?? preset;
      checkOption(name, option, value, isGood(value), expected);
      return [option, value];
    }),
  );
}

/** @throws OptionError naming the option, unless its value is good. */
export function checkOption(step: string, option: string, value: unknown, good: boolean, expected: string): void {
  if (good) return;
  throw new OptionError({
    what: 'Not a usable value',
    where: `augmentation "${step}", option "${option}"`,
    expected,
    got: JSON.stringify(value),
  });
}
