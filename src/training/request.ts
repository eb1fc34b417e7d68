import type { Recomputation } from '../autodiff/index.js';
import type { Activity } from '../base/index.js';
import type { Backend, Runtime } from '../infrastructure/runtime/index.js';
import type { Model, Tensor } from '../onnx/index.js';
import type { Feed } from './feeds.js';
import type { LossBuilder } from './losses/index.js';
import type { TrainOptions } from './options.js';
import type { Task } from './tasks/task.js';

/** One epoch. */
export interface EpochRecord {
  epoch: number;
  /** Mean training loss. */
  loss: number;
  /** Share of the augmented training batches that was answered right, where an answer is right or wrong. */
  accuracy?: number;
  /** Validation quality, where it was measured. */
  quality?: number;
  /** Base learning rate times schedule at the epoch's last step. */
  learningRate: number;
  /**
   * Estimate of the energy of its steps: what the graph of a step computes and moves, by the table of `footprint`. Absent in records of earlier versions.
   */
  microjoules?: number;
}

/** Everything that training needs to go on: made at the end of each epoch. */
export interface Checkpoint {
  /** Epochs done. */
  epoch: number;
  /** What was trained how, as plain JSON: another training does not go on from here. */
  request: Record<string, unknown>;
  history: EpochRecord[];
  state: Record<string, Tensor>;
  /** State of the best epoch, where that is kept. */
  best?: { epoch: number; quality: number; state: Record<string, Tensor> };
}

export interface TrainRequest extends Activity {
  model: Model;
  task: Task;
  runtime: Runtime;
  options?: TrainOptions;
  /** Default: the task's own. */
  loss?: LossBuilder;
  /** How samples become the inputs of other models in the loss (a teacher's), where that is another way than the task's. Default: as the task's. */
  otherFeeds?: readonly Feed[];
  /** Where steps and evaluations run; see CompileOptions. Default: the runtime's processor. */
  backend?: Backend;
  threads?: number;
  /** Runs QuantizeLinear and DequantizeLinear in floating point, as the gradient assumes. Default false. */
  simulateQuantization?: boolean;
  /** Initializers that `beforeStep` may change, by name; they are not trained. Default: none. */
  held?: readonly string[];
  /** Called before each step; awaited. */
  beforeStep?: (control: StepControl) => unknown;
  /** Go on from here. */
  resume?: Checkpoint;
  /** Called after each epoch; awaited. */
  onCheckpoint?: (checkpoint: Checkpoint) => unknown;
  /**
   * Called with the validation quality after each epoch, those of `resume` among them; awaited. Where the options would not measure it, it is measured for this
   * alone. What it throws ends the training, whose checkpoint has the epoch.
   */
  onQuality?: (quality: number) => Promise<void>;
  /** Called after each epoch with its validation quality; awaited. `true` stops the training, whatever else it returns means nothing. */
  onEpoch?: (record: EpochRecord) => unknown;
}

/** What the host may see and change between steps. */
export interface StepControl {
  /** Number of the step that comes next, from 0, and of all steps. */
  step: number;
  steps: number;
  /** Copies of the tensors that may change, as they are now. */
  weights(): Promise<Map<string, Tensor>>;
  /** Replaces held initializers. */
  hold(tensors: ReadonlyMap<string, Tensor>): Promise<void>;
}

export interface TrainResult {
  /** A copy of the model with the trained weights; everything else is as it was. */
  model: Model;
  history: EpochRecord[];
  /** Names of the tensors that were trained. */
  parameters: readonly string[];
  /** Share of the time of the steps, from 0 to 1, in which the runtime waited for a batch: reading, augmentation, preprocessing. */
  waiting: number;
  /** Memory that a step was predicted to need, and what recomputation added to its work; only with `maxMemory`. */
  memory?: Recomputation;
}
