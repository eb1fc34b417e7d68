import type { Metric } from '../metric.js';
import { amount } from '../scales.js';
import { type ColumnErrors, columnErrors, resampled } from './columns.js';

const of = ({ absolute }: ColumnErrors): number => absolute;

const score: Metric<'numbers'>['score'] = (numbers, targets) => {
  const found = columnErrors(numbers, targets).map(of);
  return found.reduce((sum, each) => sum + each, 0) / found.length;
};

/** Mean absolute error, in the targets' own unit; the mean over the columns where there are several. */
export const mae: Metric<'numbers'> = {
  name: 'mae',
  label: 'MAE',
  answers: 'numbers',
  direction: 'minimize',
  scale: amount,
  tolerance: 0.01,
  score,
  interval: resampled(score),
  of: (part, index) => {
    const own: Metric<'numbers'>['score'] = (numbers, targets) => of(columnErrors(numbers, targets)[index]);
    return { ...mae, name: `mae[${part}]`, label: `MAE of ${part}`, score: own, interval: resampled(own) };
  },
};
