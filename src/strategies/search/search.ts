import { createStudy, type Point, SearchSpace, type Study, samplers, stoppers, withPrior } from '../../automation/index.js';
import { type Activity, Stopped } from '../../base/index.js';
import type { TechniqueRegistry } from '../../technique/index.js';
import { directionsOf } from '../criteria/objectives.js';
import { stoppedIn } from '../live/record.js';
import type { Recorder } from '../live/recorder.js';
import type { Expected } from '../models/expected.js';
import type { Workspace } from '../models/workspace.js';
import type { Settings } from '../plan/settings.js';
import type { Plan } from '../plan/strategy.js';
import { recipeLabel } from '../recipes/labels.js';
import type { Limits, ModelInfo, RunInfo } from '../results/info.js';
import { parseCandidates } from '../results/recorded.js';
import { type Clock, startClock } from './clock.js';
import { Steerer } from './steer.js';
import { Timely } from './timely.js';
import { type TrialNeeds, tryRecipe, violationsOf } from './trial.js';
import { warmStart } from './warm-start.js';

/** What a search is made with. */
export interface SearchNeeds extends Omit<TrialNeeds, 'limits'> {
  plan: Pick<Plan, 'space' | 'initialPoints' | 'recipe' | 'work' | 'admits'>;
  settings: Pick<Settings, 'trials' | 'jobs' | 'wave' | 'seed' | 'sampler' | 'stopper' | 'epochs' | 'target' | 'hardware' | 'warmStart'>;
  workspace: TrialNeeds['workspace'] & Pick<Workspace, 'storage' | 'inbox'>;
  /** Milliseconds that are left for it. */
  budgetMs: number;
  /** What recipes take, where there is a budget: then only those are begun that are likely to end within it. */
  expected?: Expected;
  activity: Activity;
  /** Labels recipes. */
  registry: TechniqueRegistry;
  /** Told when trials are begun and ended. */
  recorder: Pick<Recorder, 'trial' | 'state' | 'begun'>;
}

export interface Found {
  /** Every stage of every trial, once, in the order of the trials. */
  candidates: ModelInfo[];
  trials: RunInfo['trials'];
  failures: RunInfo['failures'];
  stopped: NonNullable<RunInfo['stopped']>;
  /** Stages that trials were given up in: what their trainings left serves nobody once the run is complete. */
  left: readonly string[];
  /** Whether every trial that was wanted came to an end. */
  complete: boolean;
  /** How many were wanted in the end, and what models must keep to: both may change in the course of a run. */
  wanted: number;
  limits: Limits;
}

/**
 * The third stage: tries recipes until there were enough or the time is over. Trials that fail are noted with their reason, and the others go on.
 * @throws Stopped when aborted.
 */
export async function search({ plan, settings, budgetMs, expected, activity, registry, recorder, ...needs }: SearchNeeds): Promise<Found> {
  const { jobs, wave, seed, sampler, stopper, epochs, target } = settings;
  const { criteria } = needs.baseline;
  const { storage, inbox } = needs.workspace;
  const isCompiled = target !== undefined;
  const steerer = new Steerer({ storage, criteria, trials: settings.trials, isCompiled, recorder, activity });
  const clock = startClock(budgetMs, activity.signal);
  const hasTried = () => study?.trials.some(({ state }) => state !== 'running') ?? false;
  const timely = expected && new Timely({ expected, plan, clock, jobs, hasTried });
  let study: Study | undefined;
  let closeInbox: (() => Promise<void>) | undefined;
  try {
    const proposer = samplers[sampler].make();
    const { points, prior } = await warmStart(settings.warmStart, {
      ...{ space: plan.space, storage, trials: settings.trials, baseline: needs.baseline, limits: steerer.limits },
      isTimed: criteria.objectives.includes('latency') && settings.hardware === undefined,
      learns: proposer.takesPrior === true,
      say: (text) => activity.onMessage?.({ level: 'info', text }),
    });
    const opened = await createStudy({
      space: plan.space,
      initialPoints: [...points, ...othersOf(plan, points)],
      objective: (point, trial) => {
        const recipe = plan.recipe(point);
        const begun = { number: trial.number, recipe, label: recipeLabel(recipe, registry) };
        const work = () => recorder.trial(begun, trial.signal, () => tryRecipe(recipe, trial, { ...needs, limits: () => steerer.limits }));
        return timely ? timely.timed(point, work) : work();
      },
      directions: directionsOf(criteria.objectives, criteria.metric),
      storage,
      sampler: withPrior(proposer, prior),
      stopper: stoppers[stopper].make({ maxResource: epochs }),
      maxTrials: steerer.trials,
      mayTry: timely?.mayTry,
      ...(plan.admits && { admits: (point: Point) => plan.admits?.(point, steerer.limits) ?? true }),
      judge: (trial) => violationsOf(trial, steerer.limits, needs.baseline),
      concurrency: jobs,
      waveSize: wave,
      seed,
      activity: { ...activity, signal: clock.signal },
    });
    study = opened;
    const ended = opened.trials.filter(({ state }) => state !== 'running').length;
    if (ended < steerer.trials) activity.onProgress?.({ task: 'study', done: ended, total: steerer.trials });
    await steerer.goOn(opened);
    closeInbox = inbox?.open((message) => steerer.take(message, opened, clock));
    const complete = budgetMs > 0 && (await isCompleted(opened, clock, timely));
    return { ...foundBy(opened, plan), complete, wanted: steerer.trials, limits: steerer.limits };
  } finally {
    clock.stop();
    await closeInbox?.();
  }
}

/** The points that a plan begins with, but for those that are tried already. */
function othersOf({ space, initialPoints }: SearchNeeds['plan'], tried: readonly Point[]): readonly Point[] {
  if (tried.length === 0) return initialPoints;
  const checked = new SearchSpace(space);
  const known = new Set(tried.map((point) => checked.key(point)));
  return initialPoints.filter((point) => !known.has(checked.key(point)));
}

/** Runs a study; whether every trial that was wanted came to an end before the time was over. */
async function isCompleted(study: Study, clock: Clock, timely: Timely | undefined): Promise<boolean> {
  try {
    const isShort = (await study.run()) === 'budget';
    return !isShort || (timely?.takeChances() === true && (await study.run()) !== 'budget');
  } catch (error) {
    const isOver = error instanceof Stopped && clock.isOver();
    const failed = study.trials.length > 0 && study.trials.every(({ state }) => state === 'failed');
    if (!isOver && !failed) throw error;
    return !isOver;
  }
}

function foundBy(study: Study, plan: SearchNeeds['plan']): Pick<Found, 'candidates' | 'trials' | 'failures' | 'stopped' | 'left'> {
  const candidates = new Map<string, ModelInfo>();
  for (const trial of study.trials) {
    for (const info of parseCandidates(trial.attributes.candidates, `trial ${trial.number} of the journal`))
      if (!candidates.has(info.id)) candidates.set(info.id, { ...info, trial: trial.number });
  }
  const failures = study.trials
    .filter((trial) => trial.state === 'failed')
    .map((trial) => ({ trial: trial.number, recipe: plan.recipe(trial.point), message: trial.error?.message ?? 'unknown' }));
  const stopped = study.trials.flatMap(({ number, state, point, attributes }) => {
    const given = state === 'stopped' ? stoppedIn(attributes).stopped : undefined;
    return given ? [{ trial: number, recipe: plan.recipe(point), epoch: given.epoch, technique: given.technique }] : [];
  });
  const left = study.trials.flatMap(({ attributes }) => stoppedIn(attributes).stopped?.stage ?? []);
  const count = (state: string) => study.trials.filter((trial) => trial.state === state).length;
  return {
    candidates: [...candidates.values()],
    failures,
    stopped,
    left,
    trials: { finished: count('completed'), failed: failures.length, stopped: count('stopped') },
  };
}
