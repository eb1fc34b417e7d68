import { OptionError } from '../../base/index.js';
import type { Scores } from '../answers.js';
import { wilsonInterval } from '../intervals.js';
import type { Metric } from '../metric.js';
import { share } from '../scales.js';
import { checkLabels } from './confusion.js';

/** Samples whose label's score has fewer than k larger ones. A row with a NaN in it is wrong. */
function topHits({ size, classes, data }: Scores, labels: Int32Array, k: number): number {
  checkLabels(labels, classes);
  let found = 0;
  for (let row = 0; row < size; row++) {
    const own = data[row * classes + labels[row]];
    let larger = 0;
    for (let i = row * classes; i < (row + 1) * classes; i++) if (!(data[i] <= own)) larger++;
    if (larger < k) found++;
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
    direction: 'maximize',
    scale: share,
    tolerance: 0.003,
    score: (scores, labels) => (scores.classes > k ? topHits(scores, labels, k) / scores.size : Number.NaN),
    interval: (scores, labels) => (scores.classes > k ? wilsonInterval(topHits(scores, labels, k), scores.size) : undefined),
    counted: 'top',
    of: (part) => topK(Number(part)),
  };
}
