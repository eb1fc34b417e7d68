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
  /** The output with one score per class. */
  output: string;
  classes: readonly string[];
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

/** Wanted probabilities of a batch of labels, [batch, classes]; see `softTargets` in data. */
export function targetsOf(batch: Batch, classes: number, smoothing = 0): Tensor {
  return Tensor.of('float32', [batch.size, classes], softTargets(batch, classes, smoothing));
}

/** Static shapes of the model's inputs for a batch size, as the preprocessed data has them. */
export async function inputShapes(task: Task, batchSize: number): Promise<Record<string, number[]>> {
  const sample = feedsOf(task.feeds, await task.splits.train.read(Int32Array.of(0)));
  return Object.fromEntries(Object.entries(sample).map(([name, tensor]) => [name, [batchSize, ...tensor.shape.slice(1)]]));
}

/** The tensor's contents as rows, one per sample. */
export function rowsOf(tensor: Tensor): { rows: Float32Array; width: number } {
  const [samples = 1] = tensor.shape;
  return { rows: tensor.toFloat32(), width: sizeOf(tensor.shape) / Math.max(1, samples) };
}
