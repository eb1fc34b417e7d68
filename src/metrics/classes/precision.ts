import type { Metric } from '../metric.js';
import { share } from '../scales.js';
import { countClasses, macro, precisionOf } from './confusion.js';
import { resampled } from './resampled.js';

const score: Metric<'classes'>['score'] = (scores, labels) => macro(countClasses(scores, labels), precisionOf);

/** Mean over the classes that occur of the share of their answers that are right; a class that is never answered has 0. */
export const precision: Metric<'classes'> = {
  name: 'precision',
  label: 'precision',
  answers: 'classes',
  direction: 'maximize',
  scale: share,
  tolerance: 0.003,
  score,
  interval: resampled(score),
  of: (part, index) => ({
    ...precision,
    name: `precision[${part}]`,
    label: `precision of ${part}`,
    score: (scores, labels) => precisionOf(countClasses(scores, labels)[index]),
    interval: resampled((scores, labels) => precisionOf(countClasses(scores, labels)[index])),
  }),
};
