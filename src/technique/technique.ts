import type { z } from 'zod';
import type { SpaceDefinition } from '../automation/index.js';
import { type Activity, OptionError } from '../base/index.js';
import type { Backend, Runtime } from '../infrastructure/runtime/index.js';
import type { Model } from '../onnx/index.js';
import type { Checkpoint, EpochRecord, Feed, Task } from '../training/index.js';

/** What a technique does to a model: makes it larger, smaller, or better at the same size. */
export type Effect = 'grow' | 'shrink' | 'improve';

/** Plain JSON values of a technique's options. */
export type Options = Readonly<Record<string, unknown>>;

/** What every technique is given. */
export interface TechniqueContext extends Activity {
  model: Model;
  task: Task;
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
}

/**
 * A way to make a model smaller, faster or better. Everything in compression and learning is one: the same signature, options checked by a
 * schema with visible defaults, and a search space over them.
 */
export interface Technique<O extends Options = Options> {
  /** What recipes call it, e.g. "quantize" or "prune". */
  readonly name: string;
  readonly effects: readonly Effect[];
  /** Whether what it makes is no use by itself and takes no time: it is then made again rather than kept. Default false. */
  readonly isTransient?: boolean;
  /** One sentence. */
  readonly summary: string;
  /** Every option with its default and description. */
  readonly schema: z.ZodType<O>;
  /** What a search may try for this model and task; option names as in the schema. Options that are not named keep their defaults. */
  space(model: Model, task: Task): SpaceDefinition;
  apply(context: TechniqueContext, options: O): Promise<TechniqueResult>;
}

/** A technique with its options, as recipes store it. */
export interface Step {
  technique: string;
  options: Options;
}

/** What was done to a model, in order: plain JSON, replayable, stored with every model that it made. */
export type Recipe = readonly Step[];

/** @throws OptionError naming the option that cannot be used. */
export function checkOptions<O extends Options>(technique: Technique<O>, options: unknown): O {
  const checked = technique.schema.safeParse(options ?? {});
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new OptionError({
    what: issue.message,
    where: `technique "${technique.name}"${issue.path.length > 0 ? `, option "${issue.path.join('.')}"` : ''}`,
  });
}

/** Techniques by name. */
export class TechniqueRegistry {
  readonly #techniques = new Map<string, Technique>();

  constructor(techniques: readonly Technique[]) {
    for (const technique of techniques) this.#techniques.set(technique.name, technique);
  }

  /** @throws OptionError for a name that no technique has. */
  get(name: string): Technique {
    const technique = this.#techniques.get(name);
    if (technique) return technique;
    throw new OptionError({ what: `There is no technique "${name}"`, expected: [...this.#techniques.keys()].join(', ') });
  }

  all(): Technique[] {
    return [...this.#techniques.values()];
  }
}
