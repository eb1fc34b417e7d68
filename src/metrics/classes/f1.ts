import type { Metric } from '../metric.js';
import { share } from '../scales.js';
import { countClasses, f1Of, macro } from './confusion.js';
import { resampled } from './resampled.js';

const score: Metric<'classes'>['score'] = (scores, labels) => macro(countClasses(scores, labels), f1Of);

/** Mean over the classes that occur of the harmonic mean of precision and recall. */
export const f1: Metric<'classes'> = {
  name: 'f1',
  label: 'macro F1',
  answers: 'classes',
  direction: 'maximize',
  scale: share,
  tolerance: 0.003,
  score,
  interval: resampled(score),
  of: (part, index) => ({
    ...f1,
    name: `f1[${part}]`,
    label: `F1 of ${part}`,
    score: (scores, labels) => f1Of(countClasses(scores, labels)[index]),
    interval: resampled((scores, labels) => f1Of(countClasses(scores, labels)[index])),
  }),
};
