import type { Metric } from '../metric.js';
import { coefficient } from '../scales.js';
import { fidelityOf } from './worst-channel.js';

/** Mean over all channels of all outputs of their R² against the original. */
export const meanFidelity: Metric<'fidelity'> = {
  name: 'meanFidelity',
  label: 'mean fidelity of the channels',
  answers: 'fidelity',
  direction: 'maximize',
  scale: coefficient,
  tolerance: 0.003,
  score: ({ channels }) => channels.reduce((sum, channel) => sum + fidelityOf(channel), 0) / channels.length,
  chance: () => 0,
};
