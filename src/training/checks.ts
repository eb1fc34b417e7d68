import type { Activity } from '../base/index.js';
import { STATISTICS_INPUT } from './state.js';
import type { TrainingStep } from './step.js';

/** Below this, statistics of a batch say little about the data. */
export const FEW_SAMPLES = 8;

/** Normalization by the statistics of a few samples undoes what a trained model knows. */
export function warnOfBatch({ resident }: TrainingStep, batchSize: number, { onMessage }: Activity): void {
  const normalizes = Object.hasOwn(resident, STATISTICS_INPUT);
  if (batchSize >= FEW_SAMPLES || !normalizes) return;
  onMessage?.({
    level: 'warning',
    text: `Batch normalization learns from only ${batchSize} sample(s) at a time. Larger batches are better; freezeStatistics keeps what the model knows.`,
  });
}

/** More than this share of a model's numbers without a gradient is called out. */
const MOST_UNTRAINED = 0.1;

/** A model of which only some weights are trained learns less than it could, and nothing else says so. */
export function warnOfUntrained({ parameters, untrained, untrainedShare }: TrainingStep, { onMessage }: Activity): void {
  if (untrainedShare <= MOST_UNTRAINED) return;
  const byReason = new Map<string, string[]>();
  for (const { name, reason } of untrained) byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  const reasons = [...byReason].map(([reason, names]) => `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}: ${reason}`);
  onMessage?.({
    level: 'warning',
    text: `Only ${parameters.length} of ${parameters.length + untrained.length} weights are trained; no gradient reaches the others (${reasons.join('; ')}).`,
  });
}
