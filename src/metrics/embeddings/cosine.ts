import type { Embeddings } from '../answers.js';
import type { Metric } from '../metric.js';
import { coefficient } from '../scales.js';

/** Mean cosine between each vector and the original model's of the same sample; NaN where there is no original. */
export const cosineToOriginal: Metric<'embeddings'> = {
  name: 'cosine',
  label: 'cosine to the original',
  answers: 'embeddings',
  direction: 'maximize',
  scale: coefficient,
  tolerance: 0.003,
  score: ({ size, width, data, reference }: Embeddings) => {
    if (!reference) return Number.NaN;
    let sum = 0;
    for (let row = 0; row < size; row++) sum += cosine(data, reference, row * width, width);
    return sum / size;
  },
};

/** Cosine of two vectors that begin at the same place; 1 where both are zero. */
function cosine(a: Float32Array, b: Float32Array, start: number, width: number): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = start; i < start + width; i++) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return aa === 0 && bb === 0 ? 1 : dot / (Math.sqrt(aa * bb) || 1);
}
