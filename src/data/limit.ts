import { Random } from '../base/index.js';
import type { DataSource, Dataset } from './dataset.js';
import { subset } from './subset.js';
import { strataOf, type Targets } from './targets.js';

/** A source of at most `count` samples; the parts that it sets apart keep their share of them. */
export function limitSource(source: DataSource, count: number, seed = 0): DataSource {
  const { train, validation, test } = source;
  const [most, ...others] = shares([train.size, validation?.size ?? 0, test?.size ?? 0], count);
  return {
    ...source,
    train: thinned(train, most, seed),
    ...(validation && { validation: thinned(validation, others[0], seed) }),
    ...(test && { test: thinned(test, others[1], seed) }),
  };
}

/** How many samples of parts of these sizes are kept where `count` are in all: at least one of each part. */
export function shares(sizes: readonly number[], count: number): number[] {
  const all = sizes.reduce((sum, size) => sum + size, 0);
  return count >= all ? [...sizes] : sizes.map((size) => (size === 0 ? 0 : Math.max(1, Math.round((count * size) / all))));
}

/** At most `count` samples, of every class its share. */
export function thinned(part: Dataset, count: number, seed: number): Dataset {
  return count >= part.size ? part : subset(part, chooseSamples(part.size, count, part.targets, seed));
}

/** Which samples are kept: every so many-th in order of their class, each class shuffled; sorted. */
export function chooseSamples(size: number, count: number, targets: Targets | undefined, seed = 0): Int32Array {
  if (count >= size) return Int32Array.from({ length: size }, (_, i) => i);
  const order = new Random(seed).fork('samples that are kept').permutation(size);
  const strata = strataOf(targets);
  if (strata) order.sort((a, b) => strata[a] - strata[b]);
  return Int32Array.from({ length: count }, (_, i) => order[Math.floor((i * size) / count)]).sort();
}
