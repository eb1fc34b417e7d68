import { mean } from '../../base/index.js';
import { amount } from '../scales.js';
import { columnMetric } from './column-metric.js';

/** Mean absolute error, in the targets' own unit; the mean over the columns where there are several. */
export const mae = columnMetric({
  name: 'mae',
  label: 'MAE',
  direction: 'minimize',
  scale: amount,
  tolerance: 0.01,
  figure: ({ absolute }) => absolute,
  join: mean,
});
