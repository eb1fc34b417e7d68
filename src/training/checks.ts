import type { TrainRequest } from './request.js';
import { bufferInput } from './state.js';
import type { TrainingStep } from './step.js';

/** Below this, statistics of a batch say little about the data. */
const FEW_SAMPLES = 8;

/** Normalization by the statistics of a few samples undoes what a trained model knows. */
export function warnOfBatch({ resident }: TrainingStep, batchSize: number, { onMessage }: TrainRequest): void {
  const normalizes = Object.keys(resident).some((name) => name.startsWith(bufferInput('')));
  if (batchSize >= FEW_SAMPLES || !normalizes) return;
  onMessage?.({
    level: 'warning',
    text: `Batch normalization learns from only ${batchSize} sample(s) at a time. Larger batches are better; freezeStatistics keeps what the model knows.`,
  });
}
