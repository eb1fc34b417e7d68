import { DataError, sizeOf } from '../base/index.js';
import { applyPreprocess, type Batch, type Preprocess, type Splits, softTargets } from '../data/index.js';
import { type Model, Tensor } from '../onnx/index.js';

/** How a stored input becomes one of the model's. */
export interface Feed {
  /** Name of the model's input. */
  input: string;
  /** Name of the data set's input. */
  from: string;
  preprocess: Preprocess;
}

/**
 * What a model is for: data, how a sample becomes the model's inputs, and how good an answer is. A classification task is scored by accuracy;
 * a fidelity task, for data without labels or models that are no classifiers, by how closely outputs follow the original model's.
 */
export type Task = ClassificationTask | FidelityTask;

interface TaskBase {
  name: string;
  splits: Splits;
  feeds: readonly Feed[];
}

export interface ClassificationTask extends TaskBase {
  kind: 'classification';
  /** The output with one score per class, or with a single one; see `single`. */
  output: string;
  classes: readonly string[];
  /** Set where two classes share one score: what that says of the second class. Default: each class has a score of its own. */
  single?: 'probability' | 'logit';
}

export interface FidelityTask extends TaskBase {
  kind: 'fidelity';
  /** The original, whose outputs are the truth. */
  reference: Model;
  /** Its float outputs, all of which count. */
  outputs: readonly string[];
}

/** A batch as a model's inputs, preprocessed. The tensors are the caller's to give away: none shares the batch's memory. */
export function feedsOf(feeds: readonly Feed[], batch: Batch): Record<string, Tensor> {
  return Object.fromEntries(
    feeds.map(({ input, from, preprocess }) => {
      const stored = batch.inputs[from];
      if (!stored) throw new DataError({ what: `The data has no input "${from}"`, got: Object.keys(batch.inputs).join(', ') });
      const { type, shape, data } = applyPreprocess(stored, preprocess);
      return [input, Tensor.of(type, shape, data === stored.data ? data.slice() : data)];
    }),
  );
}

/** Wanted probabilities of a batch of labels, [batch, classes], or [batch, 1] of the second class for a single score; see `softTargets` in data. */
export function targetsOf(batch: Batch, { classes, single }: ClassificationTask, smoothing = 0): Tensor {
  const targets = softTargets(batch, classes.length, smoothing);
  if (single === undefined) return Tensor.of('float32', [batch.size, classes.length], targets);
  return Tensor.of(
    'float32',
    [batch.size, 1],
    Float32Array.from({ length: batch.size }, (_, row) => targets[2 * row + 1]),
  );
}

/** Static shapes of the model's inputs for a batch size, as the preprocessed data has them. */
export async function inputShapes(task: Task, batchSize: number): Promise<Record<string, number[]>> {
  const sample = feedsOf(task.feeds, await task.splits.train.read(Int32Array.of(0)));
  return Object.fromEntries(Object.entries(sample).map(([name, tensor]) => [name, [batchSize, ...tensor.shape.slice(1)]]));
}

/** What the task's output says of each sample, as rows of one score per class. */
export function scoresIn(tensor: Tensor, { single }: ClassificationTask): { rows: Float32Array; width: number } {
  const found = rowsOf(tensor);
  if (single === undefined || found.width !== 1) return found;
  const rows = new Float32Array(2 * found.rows.length);
  found.rows.forEach((score, row) => {
    rows[2 * row] = single === 'probability' ? 1 - score : -score / 2;
    rows[2 * row + 1] = single === 'probability' ? score : score / 2;
  });
  return { rows, width: 2 };
}

/** The tensor's contents as rows, one per sample. */
export function rowsOf(tensor: Tensor): { rows: Float32Array; width: number } {
  const [samples = 1] = tensor.shape;
  return { rows: tensor.toFloat32(), width: sizeOf(tensor.shape) / Math.max(1, samples) };
}
