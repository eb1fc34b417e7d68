import type { Preprocess, SplitOptions } from '../../data/index.js';
import type { GoalOptions } from '../../training/index.js';

/** How a task is made of a model and data. */
export interface TaskOptions extends GoalOptions {
  /** How stored samples become the model's input: 'auto' tries the usual ways, or one of their names, or the whole specification. Default 'auto'. */
  preprocess?: 'auto' | string | Preprocess;
  /** How samples become inputs of these names, as the model's own file says: nothing else is tried for them. Default: none. */
  noted?: Readonly<Record<string, Preprocess>>;
  /**
   * The model's weights are random yet, so that there is nothing to compare by: the first way that fits is taken, for images the one that
   * standardizes each channel by this data's own statistics, in RGB. Default false.
   */
  untrained?: boolean;
  /** Whether the order of the classes was given, so that no other is looked for. Default false. */
  classesGiven?: boolean;
  splits?: SplitOptions;
  /** Training samples that each way of preprocessing is tried on. Default 300. */
  probe?: number;
  /** Threads of the probe. */
  threads?: number;
}
