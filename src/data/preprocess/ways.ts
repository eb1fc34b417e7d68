import type { ElementType } from '../tensor.js';
import type { Preprocess } from './spec.js';

/** A model's input as its graph declares it. */
export interface ModelInput {
  /** Its name, by which inputs that share a sample are told apart. */
  name?: string;
  /** With the batch axis first; a symbolic or unknown dimension is any string, null, or a number below 1. */
  shape: readonly (number | string | null)[];
  /** Default: "float32". */
  type?: ElementType;
}

/** The sizes of a sample that the model's input declares; undefined where they are open. */
export function declaredDims({ shape }: ModelInput): (number | undefined)[] {
  return shape.slice(1).map((dim) => (typeof dim === 'number' && dim >= 1 ? dim : undefined));
}

/** Without those that do the same as an earlier one, e.g. "raw" and "0-255" of decoded images. */
export function distinct(candidates: readonly Preprocess[]): Preprocess[] {
  const seen = new Set<string>();
  return candidates.filter(({ name: _, ...does }) => {
    const key = JSON.stringify(does);
    return !seen.has(key) && seen.add(key);
  });
}
