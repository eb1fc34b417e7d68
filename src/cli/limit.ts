import { Random } from '../base/index.js';
import { type DataSource, type Dataset, strataOf, subset } from '../data/index.js';

/** A source of at most `count` samples; the parts that it sets apart keep their share of them. */
export function limitSource(source: DataSource, count: number, seed: number): DataSource {
  const { train, validation, test } = source;
  const all = [train, validation, test].reduce((sum, part) => sum + (part?.size ?? 0), 0);
  if (count >= all) return source;
  const limited = (part: Dataset) => thinned(part, Math.max(1, Math.round((count * part.size) / all)), seed);
  return {
    ...source,
    train: limited(train),
    ...(validation && { validation: limited(validation) }),
    ...(test && { test: limited(test) }),
  };
}

/** At most `count` samples. Every so many-th in order of their class, each class shuffled, so that every class keeps its share. */
export function thinned(part: Dataset, count: number, seed: number): Dataset {
  if (count >= part.size) return part;
  const order = new Random(seed).fork(part.name).permutation(part.size);
  const labels = strataOf(part.targets);
  if (labels) order.sort((a, b) => labels[a] - labels[b]);
  const chosen = Int32Array.from({ length: count }, (_, i) => order[Math.floor((i * part.size) / count)]);
  return subset(part, chosen.sort());
}
