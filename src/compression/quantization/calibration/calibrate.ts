import { type Activity, DataError, Stopped, sizeOf } from '../../../base/index.js';
import { batchCount, batches, type Dataset, representatives } from '../../../data/index.js';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import { copyModel, type Model, staticShape, type Value } from '../../../onnx/index.js';
import { inferShapes } from '../../../ops/index.js';
import { batchSizeOf, feedsOf, type Task } from '../../../training/index.js';
import type { Range } from '../affine.js';
import { createObserver, type Observer, type ObserverOptions } from './observers.js';

export interface CalibrationRequest extends Activity {
  model: Model;
  task: Pick<Task, 'feeds' | 'splits'>;
  runtime: Runtime;
  /** Names of the values to observe: graph inputs or outputs of nodes. */
  values: readonly string[];
  observer: ObserverOptions;
  /** At most this many samples of the calibration part. */
  samples: number;
  threads?: number;
}

/** What was found out about one value. */
export interface Calibrated extends Range {
  /** Mean square of the change by 8-bit quantization over the mean square of the value. */
  noise: number;
}

export interface Calibration {
  values: ReadonlyMap<string, Calibrated>;
  samples: number;
}

/** Numbers that are taken out of the runtime at a time, over all observed values. */
const MOST_NUMBERS = 2 ** 24;

/**
 * Runs the model on the calibration part and observes inner values, which a copy of the model hands out. Batches, and the values fetched at a
 * time, are made as small as the activations are large.
 * @throws DataError where there is nothing to calibrate on, or a value is never finite; Stopped when aborted.
 */
export async function calibrate(request: CalibrationRequest): Promise<Calibration> {
  const { task, runtime, values, observer, threads, signal } = request;
  const dataset = calibrationSet(request);
  const observers = new Map(values.map((name) => [name, createObserver(observer)]));
  const inputs = values.filter((name) => request.model.graph.inputs.some((input) => input.name === name));
  const inner = values.filter((name) => !inputs.includes(name));
  const { batchSize, groups } = await portions(request, inner);
  const total = groups.length * batchCount(dataset.size, { batchSize });
  let done = 0;
  for (const [index, group] of groups.entries()) {
    const program = await runtime.compile(handingOut(request.model, group), { threads, signal });
    try {
      for await (const batch of batches(dataset, { batchSize, signal })) {
        if (signal?.aborted) throw new Stopped('The calibration was stopped');
        const feeds = feedsOf(task.feeds, batch.size < batchSize ? await filled(dataset, batch.indices, batchSize) : batch);
        if (index === 0) for (const name of inputs) observers.get(name)?.add(feeds[name].toFloat32());
        // A run without outputs would compute nothing.
        const outputs = group.length > 0 ? await program.run(feeds, group) : {};
        for (const name of group) observers.get(name)?.add(outputs[name].toFloat32());
        request.onProgress?.({ task: 'calibrate', done: ++done, total });
      }
    } finally {
      await program.dispose();
    }
  }
  return { samples: dataset.size, values: new Map([...observers].map(([name, each]) => [name, resultOf(name, each)])) };
}

function resultOf(name: string, observer: Observer): Calibrated {
  const range = observer.range();
  if (!Number.isFinite(range.max - range.min) || (observer.ignored > 0 && range.min === 0 && range.max === 0)) {
    throw new DataError({
      what: 'The calibration data makes a value of the model NaN or infinite',
      where: `value "${name}"`,
      fix: 'Look for NaN in the weights or the data, or check the preprocessing',
    });
  }
  return { ...range, noise: observer.noise() };
}

function calibrationSet({ task, samples }: CalibrationRequest): Dataset {
  const whole = task.splits.calibration;
  if (whole.size === 0)
    throw new DataError({ what: 'There is no sample to calibrate on', where: whole.name, fix: 'Give a larger calibration share' });
  return representatives(whole, samples);
}

/** The last samples for a fixed batch size that they do not fill: repeated. */
export function filled(dataset: Dataset, indices: Int32Array, batchSize: number) {
  return dataset.read(Int32Array.from({ length: batchSize }, (_, i) => indices[i % indices.length]));
}

/** Samples at a time, and which values at a time, so that what is fetched stays within MOST_NUMBERS where it can. */
async function portions({ model, task }: CalibrationRequest, names: readonly string[]) {
  const sizes = await sampleSizes(model, task, names);
  const all = names.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
  const batchSize = batchSizeOf(model, task, Math.max(1, Math.min(64, Math.floor(MOST_NUMBERS / Math.max(1, all)))));
  const groups: string[][] = [[]];
  let held = 0;
  for (const name of names) {
    const numbers = (sizes.get(name) ?? 0) * batchSize;
    if (held > 0 && held + numbers > MOST_NUMBERS) {
      groups.push([]);
      held = 0;
    }
    groups.at(-1)?.push(name);
    held += numbers;
  }
  return { batchSize, groups };
}

/** Numbers in each value for one sample, where shapes tell. */
async function sampleSizes(model: Model, task: CalibrationRequest['task'], names: readonly string[]): Promise<Map<string, number>> {
  const wanted = new Set(names);
  const batchSize = batchSizeOf(model, task, 1);
  const sample = feedsOf(task.feeds, await task.splits.calibration.read(new Int32Array(batchSize)));
  const copy = copyModel(model);
  const shapes = Object.entries(sample).map(([name, tensor]) => [name, tensor.shape] as const);
  inferShapes(copy, { inputShapes: Object.fromEntries(shapes) });
  const sizes = [...copy.graph.values()].flatMap((value) => {
    const shape = wanted.has(value.name) ? staticShape(value.shape) : undefined;
    return shape ? [[value.name, sizeOf(shape) / batchSize] as const] : [];
  });
  return new Map(sizes);
}

/** A copy of the model with inner values as further outputs. */
function handingOut(source: Model, names: readonly string[]): Model {
  const model = copyModel(source);
  const wanted = new Set(names);
  const values = [...model.graph.values()].filter((value: Value) => wanted.has(value.name));
  for (const value of values) if (!model.graph.outputs.includes(value)) model.graph.outputs.push(value);
  return model;
}
