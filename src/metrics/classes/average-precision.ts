import { resampled } from '../intervals.js';
import type { Metric } from '../metric.js';
import { coefficient } from '../scales.js';
import { column, oddsOf } from './probabilities.js';
import * as ranks from './ranks.js';

const score: Metric<'classes'>['score'] = (scores, labels) =>
  scores.classes === 2 ? ranks.averagePrecision(column(oddsOf(scores), scores, 1), (row) => labels[row] === 1) : Number.NaN;

/** Average precision of the second of two classes; NaN for more classes. */
export const averagePrecision: Metric<'classes'> = {
  name: 'averagePrecision',
  label: 'average precision',
  answers: 'classes',
  direction: 'maximize',
  scale: coefficient,
  tolerance: 0.003,
  score,
  interval: resampled(score),
  chance: (labels) => labels.reduce((sum, label) => sum + Number(label === 1), 0) / labels.length,
};
