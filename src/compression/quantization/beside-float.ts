import type { Activity } from '../../base/index.js';
import { footprint } from '../../infrastructure/hardware/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model } from '../../onnx/index.js';
import {
  affordableBatch,
  answersOf,
  type EvaluateOptions,
  evaluate,
  exposed,
  judge,
  type Quality,
  referenceProgram,
  type Task,
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
  { model, task, runtime, ...activity }: BesideRequest,
  use: (beside: BesideFloat) => Promise<T>,
): Promise<T> {
  const { threads, signal } = activity;
  const reference = await referenceProgram(task, runtime, { threads, signal });
  try {
    const options = { ...(await samplesFor(model, task)), threads, signal, reference };
    const original = await answersOf(model, task, runtime, options);
    return await use({ before: judge(task, original), qualityOf: (each) => evaluate(each, task, runtime, { ...options, original }) });
  } finally {
    await reference?.dispose();
  }
}

/** Multiply-accumulates that one measurement of quality may take, and the samples that it takes at least. */
const WORK = 1e12;
export const FEWEST_SAMPLES = 200;
/** Samples of one run, at most. */
const MOST_OF_A_RUN = 100;

/**
 * Fewer samples the more a model computes, of the validation part; of the calibration part where that is empty, or small and the model itself is the truth, of
 * which nothing was learned.
 */
async function samplesFor(model: Model, task: Task): Promise<EvaluateOptions> {
  const { validation, calibration } = task.splits;
  const few = validation.size === 0 || (!validation.targets && validation.size < Math.min(FEWEST_SAMPLES, calibration.size));
  const split = few ? 'calibration' : 'validation';
  const { macs } = footprint(model, { bytes: 0 });
  const limit = Math.max(FEWEST_SAMPLES, Math.floor(WORK / Math.max(1, macs)));
  return { split, limit, batchSize: await affordableBatch(exposed(model, task), task, { wished: MOST_OF_A_RUN, split }) };
}
