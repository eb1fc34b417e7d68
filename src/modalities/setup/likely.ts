import { checkPreprocess, type Preprocess } from '../../data/index.js';
import type { Model } from '../../onnx/index.js';

/** Metadata key for ways of preprocessing that files beside a model speak for, until one of them is proven. */
const KEY = 'espalier.preprocess.likely';

/** Notes ways to prepare a model's inputs, by input, likeliest first: `createTask` tries them before the usual ones. */
export function noteLikely(model: Model, ways: Readonly<Record<string, readonly Preprocess[]>>): void {
  model.metadata.set(KEY, JSON.stringify(ways));
}

/** The ways that are noted; none for what cannot be read: anyone may write metadata. */
export function likelyOf(model: Model): Readonly<Record<string, readonly Preprocess[]>> {
  try {
    const ways = JSON.parse(model.metadata.get(KEY) ?? '{}') as Record<string, Preprocess[]>;
    for (const way of Object.values(ways).flat()) checkPreprocess(way);
    return ways;
  } catch {
    return {};
  }
}

/** To be called once one of the ways is proven and noted itself. */
export function forgetLikely(model: Model): void {
  model.metadata.delete(KEY);
}
