import type { Random } from '../../base/index.js';
import type { Json } from '../json.js';
import type { Point } from '../parameters.js';
import type { SearchSpace } from '../space.js';
import type { History } from '../trial.js';

/** Proposes points. Holds no state: the same space, history and random stream give the same point. */
export interface Sampler {
  /** For the journal: a study is not resumed with another sampler. */
  readonly name: string;
  /** For the journal: every option, defaults filled in. */
  readonly options: { readonly [option: string]: Json };
  /** Whether it learns from trials and takes nothing from their numbers, so that those of an earlier study may stand before its own. Default: it does not. */
  readonly takesPrior?: true;
  /**
   * @param history all trials before this one, so that `history.trials.length` is its number.
   * @returns undefined when the sampler has nothing new to propose; the study then ends.
   */
  ask(space: SearchSpace, history: History, random: Random): Point | undefined;
}
