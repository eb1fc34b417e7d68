import { type Activity, OptionError } from '../base/index.js';
import type { Backend, Runtime } from '../infrastructure/runtime/index.js';
import type { Model } from '../onnx/index.js';
import type { Checkpoint, EpochRecord, Feed, Task, Trials } from '../training/index.js';

/** What every technique is given. */
export interface TechniqueContext extends Activity {
  model: Model;
  /** What the model is for, with data. Absent where no data was given: techniques that need none do without. */
  task?: Task;
  runtime: Runtime;
  /** The model that the strategy began with: the teacher, where one is wanted. Default: `model` itself. */
  original?: Model;
  /**
   * What the original is for, where that differs from the task: its inputs may be prepared in another size, scaling or layout, and its scores have
   * another name. Only distillation learns from such an original; elsewhere the model's own answers teach. Default: the task.
   */
  originalTask?: Task;
  /** Draws everything that is drawn. */
  seed: number;
  /** Where trainings run, with the evaluations in them. Default: on the processor, as everything else. */
  backend?: Backend;
  /** Threads for each run of the runtime. */
  threads?: number;
  /** Where long work may leave checkpoints and find them after a kill. */
  checkpoints?: CheckpointStore;
  /**
   * Told the validation quality after each epoch of each training, those that checkpoints hold among them; awaited. It may throw, where what is trained is no longer wanted: the
   * technique lets that through.
   */
  onQuality?: (quality: number) => Promise<void>;
}

/** The same with data. */
export type TaskContext = TechniqueContext & { task: Task };

/** The context of a step that cannot do without data. @throws OptionError saying so, where there is none. */
export function withTask(context: TechniqueContext, what: string): TaskContext {
  const { task } = context;
  if (task) return { ...context, task };
  throw new OptionError({ what: `${what} needs data`, fix: 'Give a task.' });
}

/** Keeps checkpoints by name. Names are unique within one application of one technique. */
export interface CheckpointStore {
  load(name: string): Promise<Checkpoint | undefined>;
  save(name: string, checkpoint: Checkpoint): Promise<void>;
}

/** One line of a technique's account of what it did, for cards and reports. */
export interface SensitivityRecord {
  /** The node or layer. */
  layer: string;
  /** Quality lost (in the metric's units, positive is worse) when only this layer is changed. */
  loss: number;
  /** What was decided for it, e.g. "int8" or "float". */
  decision: string;
}

export interface TechniqueNotes {
  /** Epochs of any training, in order. */
  training?: EpochRecord[];
  sensitivity?: SensitivityRecord[];
  /** Sentences for people: what was left out and why, what to look at. */
  remarks?: string[];
  /** Numbers worth keeping, e.g. { sparsity: 0.8 }. */
  facts?: Record<string, number | string>;
}

export interface TechniqueResult {
  model: Model;
  notes: TechniqueNotes;
  /** How samples become the model's inputs, where the technique changed what it takes. Default: as before. */
  feeds?: readonly Feed[];
  /**
   * A model that follows the original more closely, for whoever finds on trials that this one does not follow it closely: it takes longer to find, so that it is
   * looked for only then. Undefined where there is none. Absent where the technique has looked already, as it does where there is data.
   */
  mended?: (trials: Trials) => Promise<TechniqueResult | undefined>;
}
