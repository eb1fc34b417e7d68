import { type Activity, DataError, Stopped, sizeOf } from '../base/index.js';
import { batches, representatives } from '../data/index.js';
import type { Runtime } from '../infrastructure/runtime/index.js';
import { copyModel, type Model, staticShape, type Tensor } from '../onnx/index.js';
import { inferShapes } from '../ops/index.js';
import { batchSizeOf, feedsOf, type Task } from '../training/index.js';

export interface LayerInputsRequest extends Pick<Activity, 'signal'> {
  model: Model;
  task: Pick<Task, 'feeds' | 'splits'>;
  runtime: Runtime;
  threads?: number;
  /** Names of values of the model's main graph. */
  values: readonly string[];
  /** At most this many samples of the calibration part, which needs no targets. */
  samples: number;
}

/** Numbers that are taken out of the runtime at a time. */
const MOST_NUMBERS = 2 ** 22;
const BATCH_SIZE = 16;

/**
 * Runs a model on calibration data and shows what flows through it, a few samples and a few values at a time: the memory does not grow with
 * the number of samples. Values of the same batch may come in several turns.
 * @throws DataError where there is nothing to calibrate on; Stopped when aborted.
 */
export async function visitValues(request: LayerInputsRequest, visit: (name: string, tensor: Tensor) => void): Promise<void> {
  const { model, task, runtime, threads, signal, samples } = request;
  const whole = task.splits.calibration;
  if (whole.size === 0) {
    throw new DataError({ what: 'There is no sample to look at', where: whole.name, fix: 'Give a larger calibration share' });
  }
  const dataset = representatives(whole, samples);
  const given = new Set(model.graph.feeds.map(({ name }) => name));
  const fixed = batchSizeOf(model, task, 0);
  const sizes = await sizesOf(request, fixed || 1);
  const largest = Math.max(1, ...sizes.values());
  const batchSize = fixed || Math.max(1, Math.min(BATCH_SIZE, dataset.size, Math.floor(MOST_NUMBERS / largest)));
  for (const [turn, group] of turnsOf(request.values, sizes, batchSize).entries()) {
    const inner = group.filter((name) => !given.has(name));
    const program = await runtime.compile(handingOut(model, inner), { threads, signal });
    try {
      for await (const batch of batches(dataset, { batchSize, dropLast: fixed > 1, signal })) {
        if (signal?.aborted) throw new Stopped('Looking at activations was stopped');
        const feeds = feedsOf(task.feeds, batch);
        if (turn === 0) for (const name of request.values) if (given.has(name)) visit(name, feeds[name]);
        const outputs = inner.length > 0 ? await program.run(feeds, inner) : {};
        for (const name of inner) visit(name, outputs[name]);
      }
    } finally {
      await program.dispose();
    }
  }
}

/** Values by turns, so that what is fetched at a time stays within MOST_NUMBERS where it can. */
function turnsOf(values: readonly string[], sizes: ReadonlyMap<string, number>, batchSize: number): string[][] {
  const turns: string[][] = [[]];
  let held = 0;
  for (const name of values) {
    const numbers = (sizes.get(name) ?? 0) * batchSize;
    if (held > 0 && held + numbers > MOST_NUMBERS) {
      turns.push([]);
      held = 0;
    }
    turns.at(-1)?.push(name);
    held += numbers;
  }
  return turns;
}

/** Numbers in each value for one sample, where shapes tell. */
async function sizesOf({ model, task, values }: LayerInputsRequest, batchSize: number): Promise<Map<string, number>> {
  const wanted = new Set(values);
  const sample = feedsOf(task.feeds, await task.splits.calibration.read(new Int32Array(batchSize)));
  const copy = copyModel(model);
  inferShapes(copy, { inputShapes: Object.fromEntries(Object.entries(sample).map(([name, { shape }]) => [name, shape])) });
  const found = new Map<string, number>();
  for (const value of copy.graph.values()) {
    const shape = wanted.has(value.name) ? staticShape(value.shape) : undefined;
    if (shape) found.set(value.name, sizeOf(shape) / batchSize);
  }
  return found;
}

/** A copy of the model with inner values as further outputs. */
function handingOut(source: Model, names: readonly string[]): Model {
  const model = copyModel(source);
  const wanted = new Set(names);
  for (const value of model.graph.values()) {
    if (wanted.has(value.name) && !model.graph.outputs.includes(value)) model.graph.outputs.push(value);
  }
  return model;
}
