import type { Metric } from '../metric.js';
import { amount } from '../scales.js';
import { type ColumnErrors, columnErrors, resampled } from './columns.js';

const of = ({ squared }: ColumnErrors): number => Math.sqrt(squared);

const score: Metric<'numbers'>['score'] = (numbers, targets) => {
  const found = columnErrors(numbers, targets).map(of);
  return found.reduce((sum, each) => sum + each, 0) / found.length;
};

/** Root of the mean squared error, in the targets' own unit; the mean over the columns where there are several. */
export const rmse: Metric<'numbers'> = {
  name: 'rmse',
  label: 'RMSE',
  answers: 'numbers',
  direction: 'minimize',
  scale: amount,
  tolerance: 0.01,
  score,
  interval: resampled(score),
  of: (part, index) => {
    const own: Metric<'numbers'>['score'] = (numbers, targets) => of(columnErrors(numbers, targets)[index]);
    return { ...rmse, name: `rmse[${part}]`, label: `RMSE of ${part}`, score: own, interval: resampled(own) };
  },
};
