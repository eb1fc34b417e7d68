import { mean } from '../../base/index.js';
import { amount } from '../scales.js';
import { columnMetric } from './column-metric.js';

/** Root of the mean squared error, in the targets' own unit; the mean over the columns where there are several. */
export const rmse = columnMetric({
  name: 'rmse',
  label: 'RMSE',
  direction: 'minimize',
  scale: amount,
  tolerance: 0.01,
  figure: ({ squared }) => Math.sqrt(squared),
  join: mean,
});
