import type { Fidelity } from '../answers.js';
import type { Metric } from '../metric.js';
import { decibel, MOST_DECIBELS } from '../scales.js';

/** Signal to noise ratio in dB of the output where it is smallest, all its channels together. At most 150 dB, which stands for outputs that are the same. */
export const outputSqnr: Metric<'fidelity'> = {
  name: 'outputSqnr',
  label: 'SQNR of the worst output',
  short: 'output SQNR',
  answers: 'fidelity',
  direction: 'maximize',
  scale: decibel,
  tolerance: 0.03,
  score: ({ channels }) =>
    [...byOutput(channels).values()].reduce(
      (least, { error, power }) => Math.min(least, error === 0 ? least : 10 * Math.log10(power / error)),
      MOST_DECIBELS,
    ),
  chance: () => 0,
  guess: 'zero for everything',
};

function byOutput(channels: Fidelity['channels']): Map<string, { error: number; power: number }> {
  const sums = new Map<string, { error: number; power: number }>();
  for (const { output, error, power } of channels) {
    const sum = sums.get(output) ?? { error: 0, power: 0 };
    sums.set(output, { error: sum.error + error, power: sum.power + power });
  }
  return sums;
}
