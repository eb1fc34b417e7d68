import { f1Of } from '../classes/confusion.js';
import { resampled } from '../intervals.js';
import type { Metric } from '../metric.js';
import { share } from '../scales.js';
import { countLabels } from './counts.js';

const score: Metric<'labels'>['score'] = (scores, targets) => {
  const total = { hits: 0, actual: 0, guessed: 0 };
  for (const { hits, actual, guessed } of countLabels(scores, targets)) {
    total.hits += hits;
    total.actual += actual;
    total.guessed += guessed;
  }
  return f1Of(total);
};

/** Harmonic mean of precision and recall over all labels of all samples together: frequent labels count more. */
export const microF1: Metric<'labels'> = {
  name: 'microF1',
  label: 'micro F1',
  answers: 'labels',
  direction: 'maximize',
  scale: share,
  tolerance: 0.003,
  score,
  interval: resampled(score),
  chance: (targets) => {
    const yes = targets.reduce((sum, on) => sum + on, 0);
    return (2 * yes) / (yes + targets.length);
  },
};
