import type { Metric } from '../metric.js';
import { share } from '../scales.js';
import { countClasses, f1Of, weighted } from './confusion.js';
import { resampled } from './resampled.js';

const score: Metric<'classes'>['score'] = (scores, labels) => weighted(countClasses(scores, labels), f1Of);

/** Mean of the classes' F1, each weighted by its number of samples. */
export const weightedF1: Metric<'classes'> = {
  name: 'weightedF1',
  label: 'weighted F1',
  answers: 'classes',
  direction: 'maximize',
  scale: share,
  tolerance: 0.003,
  score,
  interval: resampled(score),
};
