import type { Activity } from '../base/index.js';
import { Stopped } from '../base/index.js';
import type { Direction } from '../pareto/index.js';
import type { Json } from './json.js';
import type { Point } from './parameters.js';

/**
 * 'running': proposed, and running or to be run again; 'completed': finished with values; 'stopped': ended early on the stopper's word;
 * 'failed': its objective threw or returned something unusable.
 */
export type TrialState = 'running' | 'completed' | 'stopped' | 'failed';

/** A measurement on the way, e.g. the validation accuracy after an epoch. NaN stands for any value that is not finite, and is the worst. */
export interface Report {
  /** How much of the budget was used, in the objective's own unit (epochs, samples). */
  step: number;
  /** The only one, or the first of `values`. */
  value: number;
  /** One finite number per direction. Absent where one number was reported, and where one of several was not finite. */
  values?: readonly number[];
  /** By how much each constraint is broken, in its own unit; at most 0 where it holds. Absent without constraints. */
  violations?: readonly number[];
}

/** One evaluation of the objective, as the study remembers it. */
export interface TrialRecord {
  /** 0 for the study's first trial. */
  readonly number: number;
  readonly point: Point;
  /** An integer in [0, 2^32) that depends on the study's seed and the number only. */
  readonly seed: number;
  readonly state: TrialState;
  /** In the order of increasing steps. */
  readonly reports: readonly Report[];
  /** One finite number per direction; present when told. */
  readonly values?: readonly number[];
  /** By how much each constraint is broken, in its own unit; at most 0 where it holds. Absent without constraints. */
  readonly violations?: readonly number[];
  /** Whatever the objective wanted to keep. */
  readonly attributes: { readonly [name: string]: Json };
  /** Whether somebody put its point in by hand. */
  readonly byHand?: true;
  /** Whether a run ended because the machine failed during this trial. */
  readonly broke?: true;
  /** Why it failed. */
  readonly error?: TrialFailure;
  /** Values that it was told later and that differ beyond rounding from the first, which count. */
  readonly differing?: readonly (readonly number[])[];
}

/** Why a trial failed. */
export interface TrialFailure {
  readonly name: string;
  readonly message: string;
}

/** A trial to be run by whoever asked for it; plain JSON. */
export interface AskedTrial {
  /** The study's name. */
  readonly study: string;
  readonly number: number;
  readonly point: Point;
  readonly seed: number;
}

/** What samplers and stoppers may look at; see `waveSize` in StudyOptions for what it holds when. */
export interface History {
  readonly seed: number;
  readonly directions: readonly Direction[];
  /** How reports compare. */
  readonly reportDirection: Direction;
  /** By number, without gaps. Trials whose results must not be seen yet are there as 'running', without reports. */
  readonly trials: readonly TrialRecord[];
}

/** What the objective is handed besides the point. */
export interface Trial {
  readonly number: number;
  /** Seeds everything random in the trial; the same when the trial is run again. */
  readonly seed: number;
  /** Aborted when the study is; the objective then rejects (with any error), and the trial will be run again from its start. */
  readonly signal: AbortSignal;
  /** For work inside the trial: progress under "trial N/", the signal, messages. */
  readonly activity: Activity;
  /** Kept with the trial when it ends; plain JSON. */
  readonly attributes: Record<string, Json>;
  /**
   * Reports a measurement on the way.
   * @param step a number above that of the last report.
   * @param outcome one number, which compares by the study's `reportDirection`; or one per direction, with constraints where there are some.
   * @throws OptionError for a step that is not above the last, and for another number of values.
   */
  report(step: number, outcome: Outcome): void;
  /**
   * Whether the stopper gives this trial up, judged by its last report; if so, throw `new TrialStopped()`. May wait for other trials of the
   * wave; others run meanwhile. Rejects with Stopped when the study is aborted.
   */
  shouldStop(): Promise<boolean>;
}

/** What an objective gives back: one number (single objective), one per direction, or these with constraints. */
export type Outcome = number | readonly number[] | { values: number | readonly number[]; violations?: readonly number[] };

/**
 * What a study evaluates. An error fails the trial, not the study. Objectives of one wave run side by side; heavy work belongs in worker threads.
 * For a study to be reproducible the outcome must depend on the point and `trial.seed` only.
 */
export type Objective = (point: Point, trial: Trial) => Promise<Outcome> | Outcome;

/** Thrown by an objective to end its trial after `shouldStop()` said so. */
export class TrialStopped extends Stopped {
  constructor() {
    super('The trial was stopped early');
  }
}

/** By how much a trial breaks each constraint, judged by what it was told to have come to. Undefined without constraints. */
export type Judge = (trial: Pick<TrialRecord, 'values' | 'attributes'>) => readonly number[] | undefined;

/** The sum of the constraints' violations; 0 for a feasible trial or report. */
export function totalViolation({ violations }: Pick<TrialRecord | Report, 'violations'>): number {
  return violations?.reduce((sum, violation) => sum + Math.max(0, violation), 0) ?? 0;
}
