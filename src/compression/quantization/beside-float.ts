import type { Activity } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model } from '../../onnx/index.js';
import {
  affordableBatch,
  answersOf,
  batchSizeOf,
  costOfRun,
  type EvaluateOptions,
  evaluate,
  exposed,
  feedsOf,
  judge,
  type Quality,
  type Reference,
  type Task,
  withReference,
} from '../../training/index.js';

export interface BesideRequest extends Pick<Activity, 'signal'> {
  /** The float model. */
  model: Model;
  task: Task;
  runtime: Runtime;
  threads?: number;
}

/** How models are measured that were made of a float model: all on the same samples. */
export interface BesideFloat {
  /** Quality of the float model itself. */
  readonly before: Quality;
  /** That of another, with how far it answers as the float model does. */
  qualityOf(model: Model): Promise<Quality>;
}

/** Hands out what measures models beside a float model, whose answers and reference are there once for all of them. */
export async function besideFloat<T>(
  { model, task, runtime, threads, signal }: BesideRequest,
  use: (beside: BesideFloat) => Promise<T>,
): Promise<T> {
  return withReference(task, runtime, { threads, signal }, async (reference) => {
    const options = { ...(await samplesFor(model, task, reference)), threads, signal, reference };
    const original = await answersOf(model, task, runtime, options);
    return use({ before: judge(task, original), qualityOf: (each) => evaluate(each, task, runtime, { ...options, original }) });
  });
}

/** Multiply-accumulates that one measurement of quality may take, and the samples that it takes at least. */
const WORK = 4e11;
export const FEWEST_SAMPLES = 200;
/** Samples of one run, at most. */
const MOST_OF_A_RUN = 100;
/** Numbers of each output that are enough to tell how far it follows another model's, and the samples that they are of at least. */
const ENOUGH_NUMBERS = 2 ** 16;
const FEWEST_DENSE = 12;

/**
 * Fewer samples the more a model computes, of the validation part; of the calibration part where that is empty, or small and the model itself is the truth, of
 * which nothing was learned. Where it is, and says much of each sample, a few will do.
 */
async function samplesFor(model: Model, task: Task, reference?: Reference): Promise<EvaluateOptions> {
  const { validation, calibration } = task.splits;
  const few = validation.size === 0 || (!validation.targets && validation.size < Math.min(FEWEST_SAMPLES, calibration.size));
  const split = few ? 'calibration' : 'validation';
  const { macs = 0 } = (await costOfRun(model, task, split)) ?? {};
  const affordable = Math.max(FEWEST_SAMPLES, Math.floor((WORK * batchSizeOf(model, task, 1)) / Math.max(1, macs)));
  const limit = reference ? Math.min(affordable, await enough(reference, model, task, split)) : affordable;
  return { split, limit, batchSize: await affordableBatch(exposed(model, task), task, { wished: MOST_OF_A_RUN, split }) };
}

async function enough(reference: Reference, model: Model, task: Task, split: 'calibration' | 'validation'): Promise<number> {
  const batch = await task.splits[split].read(new Int32Array(batchSizeOf(model, task, 1)));
  const outputs = await reference.outputsFor(batch, () => feedsOf(task.feeds, batch));
  const numbers = Math.min(...Object.values(outputs).map(({ size }) => size / batch.size));
  return Math.max(FEWEST_DENSE, Math.ceil(ENOUGH_NUMBERS / Math.max(1, numbers)));
}
