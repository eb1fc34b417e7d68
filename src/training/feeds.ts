import { DataError, sizeOf } from '../base/index.js';
import { applyPreprocess, type Batch, type Preprocess, type Splits } from '../data/index.js';
import { Tensor } from '../onnx/index.js';

/** How a stored input becomes one of the model's. */
export interface Feed {
  /** Name of the model's input. */
  input: string;
  /** Name of the data set's input. */
  from: string;
  preprocess: Preprocess;
}

/** A batch as a model's inputs, preprocessed. The tensors are the caller's to give away: none shares the batch's memory. */
export function feedsOf(feeds: readonly Feed[], batch: Batch): Record<string, Tensor> {
  return Object.fromEntries(
    feeds.map(({ input, from, preprocess }) => {
      const stored = batch.inputs[from];
      if (!stored) throw new DataError({ what: `The data has no input "${from}"`, got: Object.keys(batch.inputs).join(', ') });
      const prepared = applyPreprocess(stored, preprocess);
      const own = prepared.data === stored.data ? { ...prepared, data: prepared.data.slice() } : prepared;
      const { type, shape, data } = (batch.afterwards ?? []).reduce((changed, change) => change(changed, from, preprocess), own);
      return [input, Tensor.of(type, shape, data)];
    }),
  );
}

/** Static shapes of the model's inputs for a batch size, as the preprocessed data has them. */
export async function inputShapes(
  task: { splits: Pick<Splits, 'train'>; feeds: readonly Feed[] },
  batchSize: number,
): Promise<Record<string, number[]>> {
  const sample = feedsOf(task.feeds, await task.splits.train.read(Int32Array.of(0)));
  return Object.fromEntries(Object.entries(sample).map(([name, tensor]) => [name, [batchSize, ...tensor.shape.slice(1)]]));
}

/** The tensor's contents as rows, one per sample. */
export function rowsOf(tensor: Tensor): { rows: Float32Array; width: number } {
  const [samples = 1] = tensor.shape;
  return { rows: tensor.toFloat32(), width: sizeOf(tensor.shape) / Math.max(1, samples) };
}
