import { wilsonInterval } from '../intervals.js';
import type { Metric } from '../metric.js';
import { share } from '../scales.js';

/** Share of samples that the model answers as the original does; NaN where no output is known to hold class scores. */
export const agreement: Metric<'fidelity'> = {
  name: 'agreement',
  label: 'agreement with the original',
  short: 'agreement',
  answers: 'fidelity',
  direction: 'maximize',
  scale: share,
  tolerance: 0.003,
  score: ({ agreeing, size }) => (agreeing === undefined ? Number.NaN : agreeing / size),
  interval: ({ agreeing, size }) => (agreeing === undefined ? undefined : wilsonInterval(agreeing, size)),
  chance: () => 0,
};
