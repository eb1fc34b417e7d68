import type { Metric } from '../metric.js';
import { share } from '../scales.js';
import { countClasses, macro, recallOf } from './confusion.js';
import { resampled } from './resampled.js';

const score: Metric<'classes'>['score'] = (scores, labels) => macro(countClasses(scores, labels), recallOf);

/** Mean over the classes that occur of the share of their samples that is found: each class counts alike, however rare. */
export const balancedAccuracy: Metric<'classes'> = {
  name: 'balancedAccuracy',
  label: 'balanced accuracy',
  answers: 'classes',
  direction: 'maximize',
  scale: share,
  tolerance: 0.003,
  score,
  interval: resampled(score),
  chance: (labels) => 1 / new Set(labels).size,
};
