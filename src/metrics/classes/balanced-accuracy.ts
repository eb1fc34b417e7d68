import { macro, recallOf } from './confusion.js';
import { countedMetric } from './counted.js';

/** Mean over the classes that occur of the share of their samples that is found: each class counts alike, however rare. */
export const balancedAccuracy = countedMetric({
  name: 'balancedAccuracy',
  label: 'balanced accuracy',
  figure: recallOf,
  mean: macro,
  chance: (labels) => 1 / new Set(labels).size,
});
