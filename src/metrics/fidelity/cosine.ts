import type { Metric } from '../metric.js';
import { coefficient } from '../scales.js';

/** Mean over samples and outputs of the cosine between the two output vectors. */
export const outputCosine: Metric<'fidelity'> = {
  name: 'outputCosine',
  label: 'cosine',
  answers: 'fidelity',
  direction: 'maximize',
  scale: coefficient,
  tolerance: 0.003,
  score: ({ cosine }) => cosine,
};
