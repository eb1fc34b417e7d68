import { resampled } from '../intervals.js';
import type { Metric } from '../metric.js';
import { amount } from '../scales.js';
import { checkLabels } from './confusion.js';
import { logProbabilities } from './probabilities.js';

const score: Metric<'classes'>['score'] = (scores, labels) => {
  checkLabels(labels, scores.classes);
  const likelihoods = logProbabilities(scores);
  return labels.reduce((sum, label, row) => sum - likelihoods[row * scores.classes + label], 0) / scores.size;
};

/** Mean negative log-likelihood of the labels, in nats. */
export const logLoss: Metric<'classes'> = {
  name: 'logLoss',
  label: 'log loss',
  answers: 'classes',
  direction: 'minimize',
  scale: amount,
  tolerance: 0.01,
  score,
  interval: resampled(score),
  chance: (labels, classes) => {
    const counts = new Array<number>(classes).fill(0);
    for (const label of labels) counts[label]++;
    return counts.reduce((sum, n) => sum - (n === 0 ? 0 : (n / labels.length) * Math.log(n / labels.length)), 0);
  },
};
