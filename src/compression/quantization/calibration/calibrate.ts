import { type Activity, DataError, Stopped } from '../../../base/index.js';
import { batchCount, batches, type Dataset, representatives } from '../../../data/index.js';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import { copyModel, type Model, staticShape } from '../../../onnx/index.js';
import { inferShapes } from '../../../ops/index.js';
import { affordableBatch, feedsOf, type Task } from '../../../training/index.js';
import type { Range } from '../affine.js';
import { createObserver, type Observer, type ObserverOptions } from './observers.js';
import { stepOf, watching } from './watch.js';

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

/** Numbers that are taken out of the runtime in a run, over all observed values, and of one value. */
const MOST_NUMBERS = 2 ** 20;
const MOST_OF_ONE = 2 ** 16;
const FEWEST_OF_ONE = 2 ** 11;

/**
 * Runs the model on the calibration part and observes inner values, of which a copy of the model hands out a sample and the extremes: memory depends neither
 * on the number of samples nor on how large activations are, beyond those of one run.
 * @throws DataError where there is nothing to calibrate on, or a value is never finite; Stopped when aborted.
 */
export async function calibrate(request: CalibrationRequest): Promise<Calibration> {
  const { model, task, runtime, values, observer, threads, signal } = request;
  const dataset = calibrationSet(request);
  const observers = new Map(values.map((name) => [name, createObserver(observer)]));
  const inputs = values.filter((name) => model.graph.inputs.some((input) => input.name === name));
  const inner = values.filter((name) => !inputs.includes(name));
  const batchSize = await affordableBatch(model, task, { wished: Math.min(64, dataset.size), split: 'calibration' });
  const seen = watching(model, await steps(request, inner, batchSize));
  const wanted = seen.model.graph.outputs.map((output) => output.name);
  // A run without outputs would compute nothing.
  const program = wanted.length > 0 ? await runtime.compile(seen.model, { threads, signal, optimize: 'extended' }) : undefined;
  const total = batchCount(dataset.size, { batchSize });
  let done = 0;
  try {
    for await (const batch of batches(dataset, { batchSize, signal, prefetch: 1 })) {
      if (signal?.aborted) throw new Stopped('The calibration was stopped');
      const feeds = feedsOf(task.feeds, batch.size < batchSize ? await filled(dataset, batch.indices, batchSize) : batch);
      for (const name of inputs) observers.get(name)?.add(feeds[name].toFloat32());
      const outputs = (await program?.run(feeds, wanted)) ?? {};
      for (const [name, { sample, extremes }] of seen.watched) {
        const [min, max] = extremes ? [extremes.min, extremes.max].map((output) => outputs[output].toFloat32()[0]) : [];
        observers.get(name)?.add(outputs[sample].toFloat32(), extremes && { min, max });
      }
      request.onProgress?.({ task: 'calibrate', done: ++done, total });
    }
  } finally {
    await program?.dispose();
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

/** Of each value the step at which its numbers are handed out; 1 where its shape is not known. */
async function steps({ model, task }: CalibrationRequest, names: readonly string[], batchSize: number): Promise<Map<string, number>> {
  const wanted = new Set(names);
  const sample = feedsOf(task.feeds, await task.splits.calibration.read(new Int32Array(batchSize)));
  const copy = copyModel(model);
  const shapes = Object.entries(sample).map(([name, tensor]) => [name, tensor.shape] as const);
  inferShapes(copy, { inputShapes: Object.fromEntries(shapes) });
  const most = Math.min(MOST_OF_ONE, Math.max(FEWEST_OF_ONE, Math.floor(MOST_NUMBERS / Math.max(1, names.length))));
  const known = new Map(
    [...copy.graph.values()].filter(({ name }) => wanted.has(name)).map((value) => [value.name, staticShape(value.shape)]),
  );
  return new Map(
    names.map((name) => {
      const shape = known.get(name);
      return [name, shape ? stepOf(shape, most) : 1];
    }),
  );
}
