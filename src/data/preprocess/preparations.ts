import { OptionError } from '../../base/index.js';
import type { DataTensor } from '../tensor.js';

/** A preparation with its options, as plain JSON: `kind` names it in the table, the rest is its own. */
export interface Prepare {
  kind: string;
  readonly [option: string]: unknown;
}

/**
 * What turns stored samples into numbers that can be scaled and laid out, e.g. texts into ids of words, or sound into a spectrogram. A modality
 * registers its own when its module loads (`addPreparation`); the specification with all that it needs ships with the model.
 */
export interface Preparation {
  /** As in Preprocess.prepare.kind. */
  readonly kind: string;
  /**
   * Prepared samples [n, ...prepared shape], which must be the same for any n and any samples: pad or cut what varies in length.
   * @param samples [n, ...sample shape], with `lengths` where samples differ in length.
   * @throws OptionError for impossible options, DataError where the samples do not fit.
   */
  run(samples: DataTensor, options: Prepare): DataTensor;
  /** @throws OptionError for options that cannot be used, e.g. ones read from JSON. */
  check?(options: Prepare): void;
}

const PREPARATIONS = new Map<string, Preparation>();

/** Adds a preparation to those that a preprocessing can name. @throws OptionError where there is one of this kind. */
export function addPreparation(preparation: Preparation): void {
  if (PREPARATIONS.has(preparation.kind))
    throw new OptionError({ what: 'There is a preparation of this kind already', got: preparation.kind });
  PREPARATIONS.set(preparation.kind, preparation);
}

/** @throws OptionError for a kind that none is of. */
export function preparationOf({ kind }: Prepare): Preparation {
  const found = PREPARATIONS.get(kind);
  if (found) return found;
  throw new OptionError({
    what: `There is no preparation "${kind}"`,
    where: 'preprocess "prepare"',
    expected: [...PREPARATIONS.keys()].sort().join(', ') || 'one that was added with addPreparation',
    fix: 'Import the modality that it belongs to (espalier/modalities)',
  });
}
