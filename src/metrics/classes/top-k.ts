import { OptionError } from '../../base/index.js';
import type { Scores } from '../answers.js';
import { wilsonInterval } from '../intervals.js';
import type { Metric } from '../metric.js';
import { share } from '../scales.js';
import { checkLabels } from './confusion.js';

/**
 * Samples whose label is among the k classes that come first: larger scores before smaller ones, of equals the earlier class, so that the first is the
 * answer. A row with a NaN in it is wrong.
 */
function topHits({ size, classes, data }: Scores, labels: Int32Array, k: number): number {
  checkLabels(labels, classes);
  let found = 0;
  for (let row = 0; row < size; row++) {
    const scores = data.subarray(row * classes, (row + 1) * classes);
    const label = labels[row];
    let before = scores.some(Number.isNaN) ? k : 0;
    scores.forEach((score, i) => {
      before += Number(score > scores[label] || (score === scores[label] && i < label));
    });
    if (before < k) found++;
  }
  return found;
}

/** Share of samples whose label is among the k largest scores. @throws OptionError unless k is a whole number, at least 1. */
export function topK(k: number): Metric<'classes'> {
  if (!Number.isInteger(k) || k < 1)
    throw new OptionError({ what: 'Not a usable number of answers', where: 'metric "top"', expected: 'top[3], say', got: String(k) });
  return {
    name: k === 5 ? 'top5' : `top[${k}]`,
    label: `top-${k}`,
    answers: 'classes',
    numbered: 'top',
    direction: 'maximize',
    scale: share,
    tolerance: 0.003,
    score: (scores, labels) => (scores.classes > k ? topHits(scores, labels, k) / scores.size : Number.NaN),
    interval: (scores, labels) => (scores.classes > k ? wilsonInterval(topHits(scores, labels, k), scores.size) : undefined),
    of: (part) => topK(Number(part)),
  };
}
