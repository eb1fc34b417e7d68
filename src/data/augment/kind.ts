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
