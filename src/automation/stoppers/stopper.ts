import type { Json } from '../json.js';
import type { History, TrialRecord } from '../trial.js';

/** Gives up poor trials early. Holds no state: it sees what it needs in the history. */
export interface Stopper {
  /** For the journal: a study is not resumed with another stopper. */
  readonly name: string;
  /** For the journal: every option, defaults filled in. */
  readonly options: { readonly [option: string]: Json };
  /**
   * For stoppers that compare a trial with others of its wave: the highest rung (a step) that a trial has reached at this step. The study holds
   * a trial at each new rung until every other trial of the wave has reached the rung or ended, and asks `shouldStop` only there.
   * @returns undefined below the first rung.
   */
  rungAt?(trial: TrialRecord, step: number): number | undefined;
  /**
   * Whether to give the trial up.
   * @param trial with the report in question as its last.
   * @param step of the last report.
   * @param value of the last report.
   * @param history the trials of earlier waves; with `rungAt` also those of the trial's own wave, as far as their first report at the rung or
   *   after it. The trial itself is not in it.
   */
  shouldStop(trial: TrialRecord, step: number, value: number, history: History): boolean;
}
