import { coefficient } from '../scales.js';
import { columnMetric } from './column-metric.js';
import { r2Of } from './columns.js';

/**
 * The coefficient of determination, 1 - Σ(y - ŷ)² / Σ(y - mean)², of the column where it is smallest: a model is as good as its worst answer,
 * and columns of large numbers do not hide what small ones lose.
 */
export const r2 = columnMetric({
  name: 'r2',
  label: 'R²',
  direction: 'maximize',
  scale: coefficient,
  tolerance: 0.003,
  chance: () => 0,
  figure: r2Of,
  // NaN is the worst.
  join: (figures) => (figures.some(Number.isNaN) ? Number.NaN : figures.reduce((worst, each) => Math.min(worst, each), 1)),
});
