import { averagePrecision } from '../classes/ranks.js';
import { resampled } from '../intervals.js';
import type { Metric } from '../metric.js';
import { coefficient } from '../scales.js';

const score: Metric<'labels'>['score'] = ({ size, classes, data }, targets) => {
  const found: number[] = [];
  for (let label = 0; label < classes; label++) {
    const scores = Float64Array.from({ length: size }, (_, row) => data[row * classes + label]);
    const precision = averagePrecision(scores, (row) => targets[row * classes + label] === 1);
    // Labels that never apply have no average precision; one of NaN scores spoils the mean.
    if (!Number.isNaN(precision) || scores.some(Number.isNaN)) found.push(precision);
  }
  return found.reduce((sum, each) => sum + each, 0) / found.length;
};

/** Mean over the labels that occur of the average precision; see `averagePrecision` in ranks. */
export const meanAveragePrecision: Metric<'labels'> = {
  name: 'meanAveragePrecision',
  label: 'mean average precision',
  answers: 'labels',
  direction: 'maximize',
  scale: coefficient,
  tolerance: 0.003,
  score,
  interval: resampled(score),
};
