import type { Metric } from '../metric.js';
import { decibel } from '../scales.js';

/** Signal to noise ratio in dB of the channel where it is smallest: the original's power over that of the difference; infinite where identical. */
export const sqnr: Metric<'fidelity'> = {
  name: 'sqnr',
  label: 'SQNR of the worst channel',
  answers: 'fidelity',
  direction: 'maximize',
  scale: decibel,
  tolerance: 0.03,
  score: ({ channels }) =>
    channels.reduce(
      (least, { error, power }) => Math.min(least, error === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(power / error)),
      Number.POSITIVE_INFINITY,
    ),
};
