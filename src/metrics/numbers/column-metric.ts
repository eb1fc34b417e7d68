import { resampled } from '../intervals.js';
import type { Metric } from '../metric.js';
import { type ColumnErrors, columnErrors } from './columns.js';

interface OfColumns extends Pick<Metric<'numbers'>, 'name' | 'label' | 'direction' | 'scale' | 'tolerance' | 'chance'> {
  /** What one column's errors give. */
  figure(errors: ColumnErrors): number;
  /** How the columns' figures become one. */
  join(figures: readonly number[]): number;
}

/** A metric of each column's errors; that of one column may be asked for by its name. */
export function columnMetric({ figure, join, ...about }: OfColumns): Metric<'numbers'> {
  const scoredBy = (score: Metric<'numbers'>['score']) => ({ score, interval: resampled(score) });
  const whole: Metric<'numbers'> = {
    ...about,
    answers: 'numbers',
    ...scoredBy((numbers, targets) => join(columnErrors(numbers, targets).map(figure))),
  };
  return {
    ...whole,
    of: (part, index) => ({
      ...whole,
      name: `${about.name}[${part}]`,
      label: `${about.label} of ${part}`,
      ...scoredBy((numbers, targets) => figure(columnErrors(numbers, targets)[index])),
    }),
  };
}
