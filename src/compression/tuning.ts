import { z } from 'zod';
import type { SpaceDefinition } from '../automation/index.js';
import { EspalierError, nested } from '../base/index.js';
import type { Model } from '../onnx/index.js';
import { betterTeacher, type TaskContext } from '../technique/index.js';
import {
  batchSizeOf,
  buildTrainingStep,
  type EpochRecord,
  headsOf,
  inputShapes,
  type LossBuilder,
  logitsOf,
  type Task,
  type TrainRequest,
  train,
  trainable,
} from '../training/index.js';

/** How quality is won back: by the answers of the unpruned model, by the labels, or not at all. */
export type Tuning = 'distill' | 'train' | 'none';

/** What a search tries of tuning. */
export function tuningSpace(trainable: boolean): SpaceDefinition {
  if (!trainable) return { tuning: { type: 'categorical', choices: ['none'] } };
  return {
    tuning: { type: 'categorical', choices: ['distill', 'train'] },
    learningRate: { type: 'float', low: 0.0001, high: 0.01, log: true },
  };
}

/** Largest learning rate of tuning (Adam, one cycle): a third of what a fresh model learns from most, so that what the model knows stays. */
export const TUNING_RATE = 0.001;
/** The same for weights that only move within what they are rounded to. */
export const FINE_TUNING_RATE = TUNING_RATE / 2;

/**
 * Steps of 128 samples that win back what can be won, where the training part is small: a small MobileNet without half of its
 * multiply-accumulates had 203 and 202 of 216 validation samples right after 90 of them, 206 and 205 after 360, and no more after 900.
 */
const FEWEST_STEPS = 500;
const STEP = 128;
const MOST_EPOCHS = 100;

/** Epochs of tuning where nobody says how many: the usual number, or as many as make 500 steps, 100 at most. */
export function epochsFor({ splits }: Pick<Task, 'splits'>, usual: number): number {
  const { size } = splits.train;
  return Math.max(usual, Math.min(MOST_EPOCHS, Math.ceil((FEWEST_STEPS * STEP) / Math.max(1, size))));
}

/** Epochs of tuning that win back channels or ranks, and those that win back what rounding takes. */
export const USUAL_EPOCHS = 10;
export const FINE_TUNING_EPOCHS = 5;

/** The option of epochs, which `epochsFor` says where nobody does. @param what they are, as a sentence. */
export function epochsSchema(usual: number, { what = 'Epochs of tuning.' } = {}) {
  const otherwise = `Default: ${usual}, or with little data as many as make ${FEWEST_STEPS} steps of ${STEP} samples, ${MOST_EPOCHS} at most.`;
  return z.int().min(0).optional().describe(`${what} ${otherwise}`);
}

/** Whether there is any tuning. */
export function tunes({ tuning, epochs }: { tuning: Tuning; epochs?: number }): boolean {
  return tuning !== 'none' && epochs !== 0;
}

/** What usually works of it. */
export const USUAL_TUNING = { tuning: 'distill', learningRate: TUNING_RATE };

/** Why a model cannot be tuned, as a sentence; undefined where it can. */
export async function untunable({ model, task, runtime }: TaskContext): Promise<string | undefined> {
  const seen = await trainable(model, task, runtime);
  const batchSize = batchSizeOf(seen, task, 2);
  try {
    const loss: LossBuilder = ({ build, value }) => {
      return build.op('ReduceMean', [logitsOf(value(headsOf(task)[0]))], { keepdims: 0 });
    };
    buildTrainingStep(seen, { batchSize, inputShapes: await inputShapes(task, batchSize), loss, optimizer: { kind: 'sgd' } });
    return undefined;
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return `The model was not tuned: it cannot be trained. ${error.message}`;
  }
}

/** The loss of a way of tuning; undefined for the task's own. */
export async function tuningLoss(context: TaskContext, tuning: Tuning): Promise<LossBuilder | undefined> {
  const { task, runtime } = context;
  if (tuning !== 'distill') return undefined;
  return task.distillation(await trainable(await betterTeacher(context), task, runtime));
}

export interface TuneRequest extends Pick<TrainRequest, 'options' | 'loss' | 'held' | 'beforeStep'> {
  /** Name of this training's checkpoints and progress. */
  name: string;
  model: Model;
}

/** Trains a model; goes on from the checkpoint that an earlier run of the same name left. */
export async function tune(context: TaskContext, { name, ...request }: TuneRequest): Promise<{ model: Model; history: EpochRecord[] }> {
  const { checkpoints, task, runtime, backend, threads } = context;
  return train({
    ...nested(context, name),
    task,
    runtime,
    backend,
    threads,
    ...request,
    resume: await checkpoints?.load(name),
    onCheckpoint: (checkpoint) => checkpoints?.save(name, checkpoint),
  });
}
