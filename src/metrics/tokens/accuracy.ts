import { wilsonInterval } from '../intervals.js';
import type { Metric } from '../metric.js';
import { share } from '../scales.js';

const rightOnes = (predicted: Int32Array, targets: Int32Array): number =>
  predicted.reduce((sum, guess, i) => sum + Number(guess === targets[i]), 0);

/** Share of positions whose likeliest class is the true one. */
export const tokenAccuracy: Metric<'tokens'> = {
  name: 'tokenAccuracy',
  label: 'token accuracy',
  answers: 'tokens',
  direction: 'maximize',
  scale: share,
  tolerance: 0.003,
  score: ({ predicted }, targets) => rightOnes(predicted, targets) / targets.length,
  interval: ({ predicted }, targets) => wilsonInterval(rightOnes(predicted, targets), targets.length),
  chance: (targets, classes) => {
    const counts = new Array<number>(classes).fill(0);
    for (const target of targets) counts[target]++;
    return counts.reduce((most, count) => Math.max(most, count), 0) / targets.length;
  },
};
