import { DataError, sizeOf } from '../base/index.js';
import { applyPreprocess, type Batch, type Dataset, type Preprocess, type Splits } from '../data/index.js';
import { Tensor } from '../onnx/index.js';
import { alongAxis } from './axes.js';

/** How a stored input becomes one of the model's. */
export interface Feed {
  /** Name of the model's input. */
  input: string;
  /** Name of the data set's input. */
  from: string;
  preprocess: Preprocess;
  /** Axis of the model's input along which the samples of a batch lie; null for a setting that all of them share. Default 0. */
  axis?: number | null;
}

/** A batch as a model's inputs, preprocessed. The tensors are the caller's to give away: none shares the batch's memory. */
export function feedsOf(feeds: readonly Feed[], batch: Batch): Record<string, Tensor> {
  return Object.fromEntries(
    feeds.map(({ input, from, preprocess, axis = 0 }) => {
      const stored = batch.inputs[from];
      if (!stored) throw new DataError({ what: `The data has no input "${from}"`, got: Object.keys(batch.inputs).join(', ') });
      const prepared = applyPreprocess(stored, preprocess);
      const own = prepared.data === stored.data ? { ...prepared, data: prepared.data.slice() } : prepared;
      const { type, shape, data } = (batch.afterwards ?? []).reduce((changed, change) => change(changed, from, preprocess), own);
      return [input, alongAxis(Tensor.of(type, shape, data), axis, input)];
    }),
  );
}

/** All samples as a model's inputs, so many at a time; the last ones are filled up with the first. */
export async function* runsOf(feeds: readonly Feed[], dataset: Dataset, size: number): AsyncGenerator<Record<string, Tensor>> {
  for (let start = 0; start < dataset.size; start += size) {
    const indices = Int32Array.from({ length: size }, (_, i) => (start + i) % dataset.size);
    yield feedsOf(feeds, await dataset.read(indices));
  }
}

/** Static shapes of the model's inputs for a batch size, as the preprocessed data has them. */
export async function inputShapes(
  task: { splits: Pick<Splits, 'train'>; feeds: readonly Feed[] },
  batchSize: number,
): Promise<Record<string, number[]>> {
  const sample = feedsOf(task.feeds, await task.splits.train.read(Int32Array.of(0)));
  const axes = axesOf(task.feeds);
  return Object.fromEntries(Object.entries(sample).map(([name, { shape }]) => [name, withBatch(shape, axes.get(name), batchSize)]));
}

/** Where the samples lie in each input; see `Feed.axis`. */
export function axesOf(feeds: readonly Feed[]): Map<string, number | null> {
  return new Map(feeds.map(({ input, axis = 0 }) => [input, axis]));
}

function withBatch(shape: readonly number[], axis: number | null | undefined, batchSize: number): number[] {
  return axis === null ? [...shape] : shape.with(axis ?? 0, batchSize);
}

/** The tensor's contents as rows, one per sample. */
export function rowsOf(tensor: Tensor): { rows: Float32Array; width: number } {
  const [samples = 1] = tensor.shape;
  return { rows: tensor.toFloat32(), width: sizeOf(tensor.shape) / Math.max(1, samples) };
}
