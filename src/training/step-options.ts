import type { LossBuilder } from './losses/index.js';
import type { OptimizerSpec } from './optimizers/index.js';

/** How a training step is written. */
export interface StepOptions {
  /** Samples a run. The graph is made for this number exactly. */
  batchSize: number;
  /** Static shape of each model input, batch included. */
  inputShapes: Readonly<Record<string, readonly number[]>>;
  /**
   * Static shapes, batch included, of inputs that only the other models in the loss have (a teacher's, prepared otherwise), by their names there.
   * The step has them under `otherInput(name)`. Default: other models are fed what the model is.
   */
  otherShapes?: Readonly<Record<string, readonly number[]>>;
  loss: LossBuilder;
  /** Outputs of the model to hand back with the loss, e.g. class scores for the training accuracy. */
  watch?: readonly string[];
  optimizer: OptimizerSpec;
  /** Per step, relative to the learning rate; on matrices and kernels only. Default 0. */
  weightDecay?: number;
  /** Limit of the gradients' joint norm. Default: none. */
  clipNorm?: number;
  /** Runs whose gradients are added up, their mean taken, before the weights change. Default 1. */
  accumulate?: number;
  /** Take the gradients at the worst point within this radius; see `sharpnessGradients`. Default: at the parameters. */
  samRadius?: number;
  /** Keep an exponential moving average of the weights beside them; its factor is fed at each step. Default false. */
  ema?: boolean;
  /** Initializers that stay as they are, by name or pattern. */
  freeze?: readonly (string | RegExp)[];
  /** Share of the layers that stay as they are, the first ones, from 0 to 1; see `shallowPart`. Default 0. */
  freezeDepth?: number;
  /** Factors of the learning rate, for initializers by name or pattern; the first that fits counts. Default 1 for all. */
  rateFactors?: readonly { match: string; factor: number }[];
  /** Leave BatchNormalization in its inference form: its running statistics stay. Default false. */
  freezeStatistics?: boolean;
  /** Most bytes that a step may need at one time, by prediction; see `withinMemory`. Default: nothing is recomputed. */
  maxMemory?: number;
  /** Initializers that are not trained but that the host may change between steps, by name: masks, say. Default: none. */
  held?: readonly string[];
}
