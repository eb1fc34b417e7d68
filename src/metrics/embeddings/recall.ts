import { OptionError } from '../../base/index.js';
import type { Embeddings } from '../answers.js';
import { wilsonInterval } from '../intervals.js';
import type { Metric } from '../metric.js';
import { share } from '../scales.js';

/** Samples among whose k nearest others, by cosine, is one of the same class; and samples whose class has another member at all. */
function found({ size, width, data }: Embeddings, labels: Int32Array, k: number): { hits: number; samples: number } {
  const unit = normalized(data, size, width);
  const members = new Map<number, number>();
  for (const label of labels) members.set(label, (members.get(label) ?? 0) + 1);
  let [hits, samples] = [0, 0];
  for (let row = 0; row < size; row++) {
    if ((members.get(labels[row]) as number) < 2) continue;
    samples++;
    if (Number.isNaN(unit[row * width])) continue;
    const nearest: { label: number; similarity: number }[] = [];
    for (let other = 0; other < size; other++) {
      if (other === row) continue;
      const found = dot(unit, row * width, other * width, width);
      const similarity = Number.isNaN(found) ? Number.NEGATIVE_INFINITY : found;
      if (nearest.length === k && similarity <= nearest[k - 1].similarity) continue;
      const place = nearest.findIndex((each) => similarity > each.similarity);
      nearest.splice(place < 0 ? nearest.length : place, 0, { label: labels[other], similarity });
      nearest.length = Math.min(nearest.length, k);
    }
    if (nearest.some(({ label }) => label === labels[row])) hits++;
  }
  return { hits, samples };
}

/** In double precision, so that equal vectors stay equal and others do not become so. All of a vector with a NaN is NaN. */
function normalized(data: Float32Array, size: number, width: number): Float64Array {
  const unit = Float64Array.from(data);
  for (let row = 0; row < size; row++) {
    const length = Math.sqrt(dot(unit, row * width, row * width, width));
    const norm = length === 0 ? 1 : length;
    for (let i = row * width; i < (row + 1) * width; i++) unit[i] /= norm;
  }
  return unit;
}

function dot(data: Float64Array, a: number, b: number, width: number): number {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += data[a + i] * data[b + i];
  return sum;
}

/**
 * Retrieval recall@k: the share of samples among whose k nearest others, by cosine, is one of the same class; of equals the earlier is nearer, and
 * a vector with a NaN is a miss and comes last. Samples that are alone in their class do
 * not count; without classes it is NaN.
 * @throws OptionError unless k is a whole number, at least 1.
 */
export function recallAt(k: number): Metric<'embeddings'> {
  if (!Number.isInteger(k) || k < 1)
    throw new OptionError({
      what: 'Not a usable number of neighbours',
      where: 'metric "recallAt"',
      expected: 'recallAt[5], say',
      got: String(k),
    });
  return {
    name: k === 1 ? 'recallAt' : `recallAt[${k}]`,
    label: `retrieval recall@${k}`,
    answers: 'embeddings',
    numbered: 'recallAt',
    direction: 'maximize',
    scale: share,
    tolerance: 0.003,
    score: (embeddings, labels) => {
      if (!labels) return Number.NaN;
      const { hits, samples } = found(embeddings, labels, k);
      return samples === 0 ? Number.NaN : hits / samples;
    },
    interval: (embeddings, labels) => {
      if (!labels) return undefined;
      const { hits, samples } = found(embeddings, labels, k);
      return wilsonInterval(hits, samples);
    },
    of: (part) => recallAt(Number(part)),
  };
}
