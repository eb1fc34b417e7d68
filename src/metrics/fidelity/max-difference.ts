import type { Metric } from '../metric.js';
import { difference } from '../scales.js';

/** Largest absolute difference of any output. */
export const maxDifference: Metric<'fidelity'> = {
  name: 'maxDifference',
  label: 'largest difference',
  answers: 'fidelity',
  direction: 'minimize',
  scale: difference,
  tolerance: 0.01,
  score: ({ maxDifference: largest }) => largest,
};
