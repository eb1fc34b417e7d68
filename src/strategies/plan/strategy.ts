import type { Point, SpaceDefinition } from '../../automation/index.js';
import type { HardwareModel } from '../../infrastructure/hardware/index.js';
import type { Model } from '../../onnx/index.js';
import type { Recipe, TechniqueRegistry } from '../../technique/index.js';
import type { Task } from '../../training/index.js';
import type { StartArchitecture } from '../recipes/base.js';
import type { Limits, ModelInfo } from '../results/info.js';

/** What a strategy plans for. */
export interface PlanContext {
  original: Model;
  task: Task;
  limits: Limits;
  registry: TechniqueRegistry;
  /** Hardware that latency is estimated for, where it is. */
  hardware?: HardwareModel;
  /** Epochs of one training of the model as it is; shorter ones are fractions of it. */
  epochs: number;
  /** Why the model cannot be trained, where it cannot. */
  untrainable?: string;
  /** Names of the architectures that are searched, where they are: the likeliest first. Default: all, the original's own first. */
  families?: readonly string[];
  /** The architecture that the original is an instance of, where a family is searched. */
  architecture?: StartArchitecture;
}

/** A search over recipes. */
export interface Plan {
  space: SpaceDefinition;
  /** What is tried first: what usually works, cheapest first. */
  initialPoints: readonly Point[];
  /** The recipe of a point. A pure function: it is called again when a run resumes. @param epochs of one training of the model. Default: the context's. */
  recipe(point: Point, epochs?: number): Recipe;
  /** How much the model that a point begins with computes beside the original, in multiply-accumulates. Default: as much. */
  work?(point: Point): number;
  /**
   * Whether a point is worth a trial, by what is known before anything is trained: it changes something, and does not break a limit for certain. A pure function. Default: all are.
   */
  admits?(point: Point, limits: Limits): boolean;
  /** For people: what the plan leaves out and why. */
  remarks: string[];
}

/** A way to drive a study: from a model and a task to the recipes that are tried. */
export interface Strategy {
  readonly name: string;
  readonly summary: string;
  plan(context: PlanContext): Plan;
  /** What the models must keep to, given what was asked for. Default: that. */
  limits?(given: Limits, baseline: ModelInfo): Limits;
}
