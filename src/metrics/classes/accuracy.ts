import { wilsonInterval } from '../intervals.js';
import type { Metric } from '../metric.js';
import { share } from '../scales.js';
import { hits } from './confusion.js';

/** Share of samples whose largest score is the label's. */
export const accuracy: Metric<'classes'> = {
  name: 'accuracy',
  label: 'accuracy',
  answers: 'classes',
  direction: 'maximize',
  scale: share,
  tolerance: 0.003,
  score: (scores, labels) => hits(scores, labels) / scores.size,
  interval: (scores, labels) => wilsonInterval(hits(scores, labels), scores.size),
  guess: 'always answering the largest class',
  chance: (labels, classes) => occurrences(labels, classes).reduce((most, count) => Math.max(most, count), 0) / Math.max(1, labels.length),
};

function occurrences(labels: Int32Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]++;
  return counts;
}
