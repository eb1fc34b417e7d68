import { wilsonInterval } from '../intervals.js';
import type { Metric } from '../metric.js';
import { share } from '../scales.js';
import { exactHits } from './counts.js';

/** Share of samples of which every label is answered right. */
export const exactMatch: Metric<'labels'> = {
  name: 'exactMatch',
  label: 'exact match',
  answers: 'labels',
  direction: 'maximize',
  scale: share,
  tolerance: 0.003,
  score: (scores, targets) => exactHits(scores, targets) / scores.size,
  interval: (scores, targets) => wilsonInterval(exactHits(scores, targets), scores.size),
};
