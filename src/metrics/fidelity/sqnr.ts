import type { Metric } from '../metric.js';
import { decibel, MOST_DECIBELS } from '../scales.js';

/**
 * Signal to noise ratio in dB of the channel where it is smallest: the original's power over that of the difference, or where the original is silent over what
 * its other channels move. At most 150 dB, which stands for outputs that are the same.
 */
export const sqnr: Metric<'fidelity'> = {
  name: 'sqnr',
  label: 'SQNR of the worst channel',
  short: 'SQNR',
  answers: 'fidelity',
  direction: 'maximize',
  scale: decibel,
  tolerance: 0.03,
  score: ({ channels }) =>
    channels.reduce(
      (least, { error, power, variance }) => Math.min(least, error === 0 ? least : 10 * Math.log10((power || variance) / error)),
      MOST_DECIBELS,
    ),
  chance: () => 0,
  guess: 'zero for everything',
};
