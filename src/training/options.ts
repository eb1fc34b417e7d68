import { DataError, OptionError, requireKnown, unknownName } from '../base/index.js';
import { type Augmentation, pipeline, strataOf } from '../data/index.js';
import type { Model } from '../onnx/index.js';
import { batchSizeOf } from './batch-size.js';
import { FEW_SAMPLES } from './checks.js';
import type { LossName } from './losses/index.js';
import { type OptimizerSpec, optimizerOf } from './optimizers/index.js';
import { checkSchedule, type Schedule } from './schedules.js';
import type { Task } from './tasks/task.js';

/** How to train: plain JSON, so that it can be stored with the model that came of it. */
export interface TrainOptions {
  /** Passes over the training part. At least 1. Default 10. */
  epochs?: number;
  /**
   * Samples a step. Default 128. Every step takes exactly as many, so that a last batch that is not full is left out, other samples each
   * epoch; where that would be over 2% of the part, batches are made smaller and even. A model with a fixed batch size goes through a step in parts of
   * that size; see `accumulate`.
   */
  batchSize?: number;
  /**
   * Go through each batch in so many equal parts, whose gradients are added up before the weights change: as much memory as a part needs, and
   * the result of the whole batch to rounding, but for losses and batch normalizations that look at a batch as one, which see the parts. A
   * divisor of `batchSize`; for a model with a fixed batch size, which is then a part's, any number, and by default as many as `batchSize` holds. Otherwise 1.
   */
  accumulate?: number;
  /**
   * Most bytes that a step may need at one time: weights, optimizer state, batch, activations and gradients, by their sizes; the process
   * itself takes some 100 to 250 MB besides. Activations are computed again in the backward pass rather than kept, the cheapest for their size
   * first, until the step fits. The weights come out the same to the last bit. Default: everything is kept.
   */
  maxMemory?: number;
  /** Default Adam. */
  optimizer?: OptimizerSpec;
  /** Base learning rate. Default: the optimizer's own; see `usualRate`. */
  learningRate?: number;
  /** Default one-cycle; for the schedule-free optimizers constant with 5% of warmup. */
  schedule?: Schedule;
  /** Per step, relative to the learning rate, on matrices and kernels only. Default 0. */
  weightDecay?: number;
  /** Limit of the gradients' joint norm. Default: none. */
  clipNorm?: number;
  /**
   * Radius of sharpness-aware minimization (Foret et al. 2021), e.g. 0.05: the gradient is taken where the loss is largest that near the weights,
   * which finds flatter minima with any optimizer. A step takes twice as long. Default: none.
   */
  samRadius?: number;
  /** Spread this much of each label over all classes, in [0, 1). Default 0. */
  labelSmoothing?: number;
  /**
   * Factor of a moving average of the weights, in (0, 1), e.g. 0.999; the average is what is kept. Step t (from 0) takes (1+t)/(10+t) where that
   * is less, so that short trainings do not keep where they began (as TensorFlow's ExponentialMovingAverage). Default: none.
   */
  ema?: number;
  /** Changes to each training batch; see data. Default: none. */
  augment?: readonly Augmentation[];
  /** Name of the loss, one of the task's. Default: its usual one, e.g. cross entropy for classification. */
  loss?: LossName;
  /** Weigh the loss of rare classes up until every class counts alike. Default false. */
  balanceClasses?: boolean;
  /** Draw as many samples of each class in each epoch, rare ones repeatedly, for data with few samples of some. Default false. */
  balanced?: boolean;
  /** Initializers that stay as they are, by name; * stands for any characters, e.g. "backbone.*". Default: none. */
  freeze?: readonly string[];
  /**
   * Share of the layers that stay as they are, the first ones, in [0, 1]: 0.5 trains the second half of them, 1 only the last layer. A layer is a
   * matrix or kernel with the biases and normalizations up to the next one; statistics stay, too, and nothing is dropped there. The frozen
   * part costs no backward pass. Default 0.
   */
  freezeDepth?: number;
  /**
   * Factors of the learning rate for weights by name, as in `freeze`: [{ match: 'backbone.*', factor: 0.1 }]. The first that fits counts; all
   * others learn at the full rate. Default: none.
   */
  rateFactors?: readonly { match: string; factor: number }[];
  /** Keep BatchNormalization's statistics as they are. Default false; true for a model that is fixed to fewer than 8 samples. */
  freezeStatistics?: boolean;
  /** Stop when the validation quality has not improved for this many epochs, and keep the best. Default: never, and keep the last. */
  patience?: number;
  /** Keep the epoch with the best validation quality rather than the last. Default false. */
  keepBest?: boolean;
  /** Measure validation quality every so many epochs (and after the last). 0: only after the last. Default 1. */
  evaluateEvery?: number;
  /** At most this many validation samples between epochs. Default: all. */
  evaluateLimit?: number;
  /** Order of samples, augmentation, dropout. Default 0. */
  seed?: number;
}

type Defaulted =
  | 'epochs'
  | 'batchSize'
  | 'optimizer'
  | 'schedule'
  | 'learningRate'
  | 'labelSmoothing'
  | 'augment'
  | 'evaluateEvery'
  | 'seed';

/** Options with their defaults. */
export type CompleteOptions = TrainOptions & Required<Pick<TrainOptions, Defaulted>>;

/** Every option: total by its type. */
const OPTIONS = Object.keys({
  ...{ epochs: 0, batchSize: 0, accumulate: 0, maxMemory: 0, optimizer: 0, learningRate: 0, schedule: 0, weightDecay: 0, clipNorm: 0 },
  ...{ samRadius: 0, labelSmoothing: 0, ema: 0, augment: 0, loss: 0, balanceClasses: 0, balanced: 0, freeze: 0, freezeDepth: 0 },
  ...{ rateFactors: 0, freezeStatistics: 0, patience: 0, keepBest: 0, evaluateEvery: 0, evaluateLimit: 0, seed: 0 },
} satisfies Record<keyof TrainOptions, 0>);

/** Share of the training part that a last batch may leave out of an epoch. */
const LEFT_OUT = 0.02;

/**
 * Fills in the defaults for a model and its data.
 * @throws OptionError naming the option that cannot be used; DataError where the training part is smaller than the model's fixed batch.
 */
export function completeOptions(options: TrainOptions, model: Model, task: Task): CompleteOptions {
  requireKnown(options, OPTIONS, 'training');
  const optimizer = options.optimizer ?? { kind: 'adam' };
  const { schedule, learningRate } = optimizerOf(optimizer);
  const complete: CompleteOptions = {
    epochs: 10,
    schedule,
    learningRate,
    labelSmoothing: 0,
    augment: [],
    evaluateEvery: 1,
    seed: 0,
    batchSize: 128,
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    optimizer,
  };
  checkOptions(complete, model, task);
  return { ...complete, ...stepSize(complete, model, task) };
}

function checkOptions(options: CompleteOptions, model: Model, task: Task): void {
  checkSchedule(options.schedule);
  pipeline(options.augment);
  const { accumulate = 1, ema, clipNorm, samRadius, freezeDepth = 0, rateFactors = [], patience, evaluateLimit } = options;
  const whole = (value: number, least: number) => Number.isInteger(value) && value >= least;
  const inside = (name: keyof TrainOptions, good: boolean, expected: string) => {
    if (good) return;
    throw new OptionError({ what: 'Not a usable value', where: `training option "${name}"`, expected, got: JSON.stringify(options[name]) });
  };
  inside('epochs', whole(options.epochs, 1), 'a whole number, at least 1');
  inside('batchSize', whole(options.batchSize, 1), 'a whole number, at least 1');
  inside(
    'accumulate',
    whole(accumulate, 1) && accumulate <= task.splits.train.size,
    `a whole number, from 1 to ${task.splits.train.size}, the training samples`,
  );
  const divides = batchSizeOf(model, task, 0) > 0 || options.batchSize % accumulate === 0;
  inside('accumulate', divides, `a divisor of batchSize, which is ${options.batchSize}`);
  if (options.loss !== undefined && !task.losses.includes(options.loss))
    throw unknownName(options.loss, task.losses, {
      what: 'The task has no such loss',
      where: 'training option "loss"',
      got: JSON.stringify(options.loss),
    });
  inside('maxMemory', options.maxMemory === undefined || options.maxMemory > 0, 'a positive number of bytes');
  inside('learningRate', options.learningRate > 0 && Number.isFinite(options.learningRate), 'a positive number');
  inside('weightDecay', (options.weightDecay ?? 0) >= 0 && Number.isFinite(options.weightDecay ?? 0), 'a number, at least 0');
  inside('clipNorm', clipNorm === undefined || clipNorm > 0, 'a positive number');
  inside('samRadius', samRadius === undefined || (samRadius > 0 && Number.isFinite(samRadius)), 'a positive number');
  inside('labelSmoothing', options.labelSmoothing >= 0 && options.labelSmoothing < 1, 'a number in [0, 1)');
  inside('ema', ema === undefined || (ema > 0 && ema < 1), 'a number in (0, 1)');
  inside('freezeDepth', freezeDepth >= 0 && freezeDepth <= 1, 'a number in [0, 1]');
  const usable =
    Array.isArray(rateFactors) &&
    rateFactors.every(({ match, factor }) => typeof match === 'string' && factor > 0 && Number.isFinite(factor));
  inside('rateFactors', usable, 'a list of { match: a name, factor: a positive number }');
  inside('evaluateEvery', whole(options.evaluateEvery, 0), 'a whole number, at least 0');
  inside('evaluateLimit', evaluateLimit === undefined || whole(evaluateLimit, 1), 'a whole number, at least 1');
  inside('patience', patience === undefined || whole(patience, 1), 'a whole number, at least 1');
  inside('seed', Number.isSafeInteger(options.seed), 'a whole number');
  inside('balanced', options.balanced !== true || strataOf(task.splits.train.targets) !== undefined, 'false where the data has no classes');
  const judged = task.splits.validation.size > 0;
  inside('patience', patience === undefined || judged, 'none where the validation part is empty');
  inside('keepBest', options.keepBest !== true || judged, 'false where the validation part is empty');
}

/** Samples a step and the parts of it: see TrainOptions.batchSize and TrainOptions.accumulate. */
function stepSize(options: CompleteOptions, model: Model, task: Task): Partial<TrainOptions> & { batchSize: number } {
  const { size, name } = task.splits.train;
  const fixed = batchSizeOf(model, task, 0);
  if (fixed === 0) return { batchSize: evenSize(options.batchSize, size, options.accumulate ?? 1) };
  const parts = options.accumulate ?? Math.max(1, Math.floor(evenSize(options.batchSize, size, 1) / fixed));
  if (parts * fixed > size) {
    throw new DataError({
      what: 'The training part is smaller than the batch that the model is fixed to',
      where: name,
      expected: `at least ${parts * fixed} samples`,
      got: String(size),
      fix: 'Export the model with a symbolic batch dimension, or use more data.',
    });
  }
  const { freezeStatistics = fixed < FEW_SAMPLES } = options;
  return { batchSize: parts * fixed, ...(parts > 1 && { accumulate: parts }), freezeStatistics };
}

/** The number of samples near a wished one, a multiple of `parts`, that leaves out few of `size`. */
function evenSize(wished: number, size: number, parts: number): number {
  const inParts = (count: number) => Math.max(1, Math.floor(count / parts)) * parts;
  if (size <= wished) return inParts(size);
  const even = Math.floor(size / Math.ceil(size / wished));
  return size % wished <= LEFT_OUT * size ? wished : inParts(even);
}
