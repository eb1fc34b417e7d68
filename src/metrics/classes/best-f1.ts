import { resampled } from '../intervals.js';
import type { Metric } from '../metric.js';
import { share } from '../scales.js';
import { column, oddsOf } from './probabilities.js';
import { countPositives, thresholds } from './ranks.js';

const score: Metric<'classes'>['score'] = (scores, labels) => {
  if (scores.classes !== 2) return Number.NaN;
  const odds = column(oddsOf(scores), scores, 1);
  if (odds.some(Number.isNaN)) return Number.NaN;
  const isPositive = (row: number) => labels[row] === 1;
  const all = countPositives(scores.size, isPositive);
  let most = 0;
  for (const { positives, samples } of thresholds(odds, isPositive)) most = Math.max(most, (2 * positives) / (samples + all));
  return all === 0 ? Number.NaN : most;
};

/** F1 of the second of two classes at the threshold where it is largest; NaN for more classes, where scores hold a NaN, and where there is nothing to find. */
export const bestF1: Metric<'classes'> = {
  name: 'bestF1',
  label: 'F1 at the best threshold',
  answers: 'classes',
  direction: 'maximize',
  scale: share,
  tolerance: 0.003,
  score,
  interval: resampled(score),
};
