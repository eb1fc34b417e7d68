import type { ChannelError, Fidelity } from '../answers.js';
import type { Metric } from '../metric.js';
import { coefficient } from '../scales.js';

/** The channel's R² against the original: 1 minus its error, scaled by how much the original itself varies there. */
export function fidelityOf({ error, variance }: ChannelError): number {
  return error === 0 ? 1 : 1 - error / (variance || Number.EPSILON);
}

/** The channels, those that follow the original least first. */
export function worstChannels({ channels }: Fidelity): ChannelError[] {
  return [...channels].sort((a, b) => fidelityOf(a) - fidelityOf(b));
}

/**
 * How closely the model follows the original in the channel of an output where it follows least: R² against the original's values, each channel
 * scaled by the original's own deviation. A mean would let boxes in pixels hide scores that are all zero.
 */
export const fidelity: Metric<'fidelity'> = {
  name: 'fidelity',
  label: 'fidelity of the worst channel',
  short: 'fidelity',
  answers: 'fidelity',
  direction: 'maximize',
  scale: coefficient,
  tolerance: 0.003,
  score: ({ channels }) =>
    channels.reduce((worst, channel) => {
      const value = fidelityOf(channel);
      return Number.isNaN(value) || value < worst ? value : worst;
    }, 1),
  chance: () => 0,
};
