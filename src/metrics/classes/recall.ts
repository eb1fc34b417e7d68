import type { Metric } from '../metric.js';
import { share } from '../scales.js';
import { countClasses, macro, recallOf } from './confusion.js';
import { resampled } from './resampled.js';

const score: Metric<'classes'>['score'] = (scores, labels) => macro(countClasses(scores, labels), recallOf);

/** Mean over the classes that occur of the share of their samples that is found. */
export const recall: Metric<'classes'> = {
  name: 'recall',
  label: 'recall',
  answers: 'classes',
  direction: 'maximize',
  scale: share,
  tolerance: 0.003,
  score,
  interval: resampled(score),
  of: (part, index) => ({
    ...recall,
    name: `recall[${part}]`,
    label: `recall of ${part}`,
    score: (scores, labels) => recallOf(countClasses(scores, labels)[index]),
    interval: resampled((scores, labels) => recallOf(countClasses(scores, labels)[index])),
  }),
};
