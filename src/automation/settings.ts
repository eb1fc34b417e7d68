import { type Activity, OptionError } from '../base/index.js';
import { checkDirections, type Direction } from '../pareto/index.js';
import { asJson, canonicalText, type Json } from './json.js';
import type { Point, SpaceDefinition } from './parameters.js';
import { distinct as distinctPoints, type Sampler, tpeSampler } from './samplers/index.js';
import { SearchSpace } from './space.js';
import { journalVersion, type StudyHeader } from './state.js';
import type { Stopper } from './stoppers/index.js';
import { memoryStorage, type Storage } from './storages/index.js';
import type { Judge, Objective } from './trial.js';

export interface StudyOptions {
  space: SpaceDefinition;
  /** What `run` evaluates. Whoever asks and tells needs none. */
  objective?: Objective;
  /** One per objective value. */
  directions: readonly Direction[];
  /** The study goes on until it has this many trials, those of earlier runs counted; a positive integer. */
  maxTrials: number;
  /** Default: `tpeSampler()`. */
  sampler?: Sampler;
  /** Default: none, every trial runs to its end. */
  stopper?: Stopper;
  /** How reports compare for the stopper. Default: as the first objective. */
  reportDirection?: Direction;
  /** Where the study is kept; the caller closes it. Default: in memory. */
  storage?: Storage;
  /** Tells studies in one journal apart. Default 'study'. */
  name?: string;
  /** An integer in [0, 2^32). Default 0. */
  seed?: number;
  /** No trial is started after so many milliseconds of this run; those that run are finished. Default Infinity. */
  budgetMs?: number;
  /**
   * Trials are proposed in waves of this many, from the results of the waves before; so the results do not depend on how many run at a time nor
   * on which ends first. Kept in the journal. Smaller waves learn faster, larger ones keep more workers busy; take a multiple of
   * `concurrency`. A positive integer; default 4.
   */
  waveSize?: number;
  /**
   * A trial that was asked for and gave no sign of life (a report, a heartbeat) for so many milliseconds goes to the next that asks. Above 0; default Infinity.
   */
  leaseMs?: number;
  /** How many objectives run at a time, at most; may differ from run to run. A positive integer; default 1. */
  concurrency?: number;
  /** Tried first, in this order; e.g. what is known to work. Default none. */
  initialPoints?: readonly Point[];
  /** Whether no point is tried twice; the study then ends when a finite space is used up. Default true. */
  distinct?: boolean;
  /** The study is given up at the end of a wave when more trials than this have failed, or when all of the first 10 have. Default Infinity. */
  maxFailures?: number;
  /** Constraints that may change: asked when a trial is told, and of every trial when it is to `rejudge`. Default: the objective's violations count. */
  judge?: Judge;
  /**
   * Whether there is time for a point: asked before it is proposed, with those that were proposed and have not ended, and again, with none, before it is handed out. A point
   * that is refused is passed over, and the study ends, as by its budget, where all are; what is tried then depends on time. Default: there is.
   */
  mayTry?: MayTry;
  /** Whether a point is worth a trial, by what is known without one: those that are not are passed over. A pure function. Default: all are. */
  admits?: (point: Point) => boolean;
  /** Progress under the task "study": one event per trial ended. */
  activity?: Activity;
}

/** Whether there is time for a point beside others that were proposed and have not ended. */
export type MayTry = (point: Point, pending: readonly Point[]) => boolean;

/** The options checked, with their defaults. */
export interface StudySettings {
  readonly header: StudyHeader;
  readonly space: SearchSpace;
  readonly objective: Objective | undefined;
  readonly sampler: Sampler;
  /** Whether no point is tried twice. */
  readonly isDistinct: boolean;
  readonly stopper: Stopper | undefined;
  readonly storage: Storage;
  readonly maxTrials: number;
  readonly budgetMs: number;
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly maxFailures: number;
  readonly judge: Judge | undefined;
  readonly mayTry: MayTry | undefined;
  readonly admits: ((point: Point) => boolean) | undefined;
  readonly activity: Activity;
}

/** @throws OptionError naming the option that cannot be used. */
export function settingsOf({
  objective,
  directions,
  maxTrials,
  sampler = tpeSampler(),
  stopper,
  reportDirection = directions?.[0],
  storage = memoryStorage(),
  name = 'study',
  seed = 0,
  budgetMs = Infinity,
  waveSize = 4,
  concurrency = 1,
  leaseMs = Infinity,
  initialPoints = [],
  distinct = true,
  maxFailures = Infinity,
  judge,
  mayTry,
  admits,
  activity = {},
  ...given
}: StudyOptions): StudySettings {
  checkDirections(directions);
  checkDirections([reportDirection]);
  if (objective !== undefined && typeof objective !== 'function')
    throw new OptionError({ what: 'A study needs an objective to call', where: 'objective' });
  checkWhole({ maxTrials, waveSize, concurrency }, 1);
  checkWhole({ seed }, 0, 2 ** 32 - 1);
  if (!(budgetMs >= 0)) throw bad('budgetMs', 'a number of at least 0', budgetMs);
  if (!(leaseMs > 0)) throw bad('leaseMs', 'a number above 0', leaseMs);
  if (!(maxFailures >= 0)) throw bad('maxFailures', 'a number of at least 0', maxFailures);
  const space = new SearchSpace(given.space);
  const chosen = distinct ? distinctPoints(sampler) : sampler;
  const points = initialPoints.map((point) => space.check(point));
  const header: StudyHeader = {
    study: name,
    version: journalVersion,
    space: space.definition,
    seed,
    directions: [...directions],
    reportDirection,
    waveSize,
    sampler: { name: chosen.name, options: chosen.options },
    stopper: stopper ? { name: stopper.name, options: stopper.options } : null,
    initialPoints: points,
  };
  return {
    header,
    space,
    objective,
    sampler: chosen,
    isDistinct: distinct,
    stopper,
    storage,
    maxTrials,
    budgetMs,
    concurrency,
    leaseMs,
    maxFailures,
    judge,
    mayTry,
    admits,
    activity,
  };
}

/** @throws OptionError naming the first thing in which a study differs from the one that its journal was begun with. */
export function checkSameStudy(given: StudyHeader, journal: StudyHeader): void {
  for (const field of Object.keys(given) as (keyof StudyHeader)[]) {
    const now = canonicalText(asJson(given[field], field));
    const before = canonicalText(journal[field] as Json);
    if (now === before) continue;
    throw new OptionError({
      what: `The journal was begun with another ${field}`,
      where: `study "${given.study}"`,
      expected: before,
      got: now,
      fix: `Use the same ${field}, or a new journal.`,
    });
  }
}

/** @throws OptionError naming the option that is no integer within the bounds. */
export function checkWhole(options: Record<string, number>, least: number, most = Number.MAX_SAFE_INTEGER): void {
  for (const [where, value] of Object.entries(options)) {
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    throw bad(where, `an integer of at least ${least}${most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : ''}`, value);
  }
}

function bad(where: string, expected: string, got: number): OptionError {
  return new OptionError({ what: 'Bad option', where, expected, got: String(got) });
}
