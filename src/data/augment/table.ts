import { OptionError } from '../../base/index.js';
import type { Transform } from '../batches.js';

/** One augmentation with its options, as plain JSON: `name` says which, the rest is its own. */
export interface Augmentation {
  readonly name: string;
  readonly [option: string]: unknown;
}

/** A kind of augmentation: what pipelines and recipes may name. */
export interface AugmentationKind {
  readonly name: string;
  /** What a number behind the name stands for where there is room for one only, as in crop:2 on a command line, and what goes with it. */
  readonly shorthand: { readonly option: string; readonly with?: Readonly<Record<string, unknown>> };
  /** The transform that the options mean. @throws OptionError for options that cannot be used; see `checkOption`. */
  make(options: Augmentation): Transform;
}

const KINDS = new Map<string, AugmentationKind>();

/** Adds an augmentation to those that every pipeline can name. @throws OptionError where there is one of this name. */
export function addAugmentation(kind: AugmentationKind): void {
  if (KINDS.has(kind.name)) throw new OptionError({ what: 'There is an augmentation of this name already', got: kind.name });
  KINDS.set(kind.name, kind);
}

/** Every augmentation that there is, by name. */
export function augmentationKinds(): ReadonlyMap<string, AugmentationKind> {
  return KINDS;
}

/** @throws OptionError for a name that no augmentation has. */
export function augmentationNamed(name: string): AugmentationKind {
  const found = KINDS.get(name);
  if (found) return found;
  const names = [...KINDS.keys()].map((each) => `"${each}"`);
  const expected = `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
  throw new OptionError({ what: 'No such augmentation', expected, got: JSON.stringify(name) });
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
