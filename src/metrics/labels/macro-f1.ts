import { f1Of, macro } from '../classes/confusion.js';
import { resampled } from '../intervals.js';
import type { Metric } from '../metric.js';
import { share } from '../scales.js';
import { countLabels } from './counts.js';

const score: Metric<'labels'>['score'] = (scores, targets) => macro(countLabels(scores, targets), f1Of);

/** Mean over the labels that occur of the harmonic mean of precision and recall. */
export const macroF1: Metric<'labels'> = {
  name: 'macroF1',
  label: 'macro F1',
  answers: 'labels',
  direction: 'maximize',
  scale: share,
  tolerance: 0.003,
  score,
  interval: resampled(score),
  // Whoever answers yes to everything finds every label.
  chance: (targets, classes) => {
    const size = targets.length / classes;
    const counts = new Array<number>(classes).fill(0);
    targets.forEach((on, i) => {
      counts[i % classes] += on;
    });
    const occurring = counts.filter((count) => count > 0);
    return occurring.reduce((sum, count) => sum + (2 * count) / (count + size), 0) / occurring.length;
  },
  of: (part, index) => {
    const own: Metric<'labels'>['score'] = (scores, targets) => f1Of(countLabels(scores, targets)[index]);
    return { ...macroF1, name: `macroF1[${part}]`, label: `F1 of ${part}`, score: own, interval: resampled(own), chance: undefined };
  },
};
