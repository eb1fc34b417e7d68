import type { Metric } from '../metric.js';
import { coefficient } from '../scales.js';
import { columnErrors, r2Of, resampled } from './columns.js';

/** NaN is the worst. */
const score: Metric<'numbers'>['score'] = (numbers, targets) => {
  const found = columnErrors(numbers, targets).map(r2Of);
  return found.some(Number.isNaN) ? Number.NaN : found.reduce((worst, each) => Math.min(worst, each), 1);
};

/**
 * The coefficient of determination, 1 - Σ(y - ŷ)² / Σ(y - mean)², of the column where it is smallest: a model is as good as its worst answer,
 * and columns of large numbers do not hide what small ones lose.
 */
export const r2: Metric<'numbers'> = {
  name: 'r2',
  label: 'R²',
  answers: 'numbers',
  direction: 'maximize',
  scale: coefficient,
  tolerance: 0.003,
  score,
  interval: resampled(score),
  chance: () => 0,
  of: (part, index) => {
    const own: Metric<'numbers'>['score'] = (numbers, targets) => r2Of(columnErrors(numbers, targets)[index]);
    return { ...r2, name: `r2[${part}]`, label: `R² of ${part}`, score: own, interval: resampled(own) };
  },
};
