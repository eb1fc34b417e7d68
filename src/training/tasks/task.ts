import type { Batch, Dataset, Splits } from '../../data/index.js';
import type { AnswerKind, Answers, AnyMetric } from '../../metrics/index.js';
import type { Model, Tensor } from '../../onnx/index.js';
import type { Feed } from '../feeds.js';
import type { DistillationOptions } from '../losses/distillation.js';
import type { LossBuilder } from '../losses/loss.js';
import type { LossName } from '../losses/names.js';

/** What a model's outputs hold, by output name. */
export type Outputs = Readonly<Record<string, Tensor>>;

/** Collects a model's answers batch by batch. */
export interface Collector {
  /**
   * @param outputs rows beyond the batch's size are padding and do not count.
   * @param reference the original model's outputs of the same batch, for tasks that have one.
   */
  add(batch: Batch, outputs: Outputs, reference?: Outputs): void;
  answers(): Answers;
}

/** How a loss may differ from the task's usual one. */
export interface LossOptions {
  /** One of the task's `losses`. Default: the first. */
  loss?: LossName;
  /** Give rare classes as much weight as frequent ones, by the classes' shares of the training part. Default false. */
  balanceClasses?: boolean;
}

/** How targets are fed to a loss. */
export interface TargetOptions {
  /** Share of each label that is spread over all classes, in [0, 1). Default 0. */
  smoothing?: number;
}

/**
 * What a model's outputs are for: which of them count, what they should say, how a loss pulls them there, and what judges them. Everything that
 * differs from task to task stands here; nobody else asks what kind of task it is.
 */
export interface Goal {
  /** What files and options call it, e.g. "classification". */
  readonly kind: string;
  /** For people, e.g. "classification, 10 classes". */
  readonly title: string;
  /** The outputs that count, by name. */
  readonly outputs: readonly string[];
  /**
   * A copy of a model with the inner values that the goal speaks of as outputs, found by structure, because names inside change through compression. It may
   * leave out what the goal does not look at. Parameters keep their names. Default: the model's own outputs are all that is needed.
   * @param purpose what the outputs are for: to be judged (the default), or for losses, which read only `heads`.
   * @throws DataError where the model has no such values.
   */
  expose?(model: Model, purpose?: 'answers' | 'losses'): Model;
  /** The outputs, of the exposed model, that losses pull and whose noise tells how sensitive a layer is: numbers with a gradient. Default: `outputs`. */
  readonly heads?: readonly string[];
  /** Names of what the answers are about: classes, labels or columns; none for fidelity. */
  readonly parts: readonly string[];
  /** What metrics judge. */
  readonly answers: AnswerKind;
  /** The metric that models are compared by. */
  readonly metric: AnyMetric;
  /** Further metrics that are stated with it. */
  readonly metrics: readonly AnyMetric[];
  /** The model whose outputs are the truth, where there are no targets. */
  readonly reference?: Model;
  /** Numbers a sample that a fresh model for this goal gives; absent where none could stand in. */
  readonly width?: number;
  /** Names of the losses that it may be trained with, the usual one first. */
  readonly losses: readonly LossName[];
  /** The loss of answering otherwise than the targets say. @throws OptionError for a loss that the task does not have. */
  loss(options?: LossOptions): LossBuilder;
  /**
   * The loss of answering otherwise than a teacher does, and where there are targets than they say.
   * @param teacher exposed as the goal's models are; see `trainable`.
   */
  distillation(teacher: Model, options?: DistillationOptions & { teacherOutput?: string }): LossBuilder;
  /** A loss whose gradients tell what matters in a model that makes no mistakes by `loss`, e.g. the reference itself. */
  importanceLoss(): LossBuilder;
  /** A batch's targets as a loss reads them, by input of the training step. */
  targets(batch: Batch, options?: TargetOptions): Record<string, Tensor>;
  /**
   * How many samples of a training batch, of those from `start` on that the outputs hold, were answered right. Absent where no answer is simply right.
   */
  hits?(outputs: Outputs, batch: Batch, start: number): number;
  collect(): Collector;
  /** The same goal with its classes in another order; only for tasks with classes. @param train the training part in that order. */
  withClasses?(classes: readonly string[], train: Dataset): Goal;
  /** The same goal for another model, whose outputs may have other names. @throws DataError where it has none that fits. */
  forModel(model: Model): Goal;
}

/** What a model is for: data in four parts, how a sample becomes the model's inputs, and its goal. */
export interface Task extends Goal {
  name: string;
  splits: Splits;
  feeds: readonly Feed[];
  /** Along which axis of an output the samples lie, where that is not the first. */
  outputAxes?: Readonly<Record<string, number>>;
}
