import { DataError } from '../base/index.js';
import { staticShape } from '../onnx/index.js';
import { TARGETS } from './losses.js';
import type { TrainRequest } from './request.js';
import { bufferInput } from './state.js';
import type { TrainingStep } from './step.js';
import type { Task } from './task.js';

/** @throws DataError where the model has more or fewer scores than the task has classes: outputs of open width are found out here. */
export function checkClasses(step: TrainingStep, task: Task): void {
  const targets = step.model.graph.inputs.find((input) => input.name === TARGETS);
  const scores = staticShape(targets?.shape)?.[1];
  if (task.kind !== 'classification' || scores === undefined) return;
  const wanted = task.single === undefined ? task.classes.length : 1;
  if (scores === wanted) return;
  throw new DataError({
    what: "The model's scores do not fit the classes of the data",
    where: `output "${task.output}"`,
    expected: wanted === 1 ? 'one score a sample' : `${wanted} scores a sample`,
    got: String(scores),
    fix: 'Use data with the classes that the model was made for.',
  });
}

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
