import { countPredicted, f1Of, macro } from '../classes/confusion.js';
import type { Metric } from '../metric.js';
import { share } from '../scales.js';

/** Mean over the classes that occur of the harmonic mean of precision and recall, position by position. */
export const tokenF1: Metric<'tokens'> = {
  name: 'tokenF1',
  label: 'macro F1 of tokens',
  answers: 'tokens',
  direction: 'maximize',
  scale: share,
  tolerance: 0.003,
  score: ({ predicted, classes }, targets) => macro(countPredicted(predicted, targets, classes), f1Of),
};
