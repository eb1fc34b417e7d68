import { createStudy, type Study, type Trial } from '../../automation/index.js';
import { formatBytes, formatCount, Stopped, UnsupportedError } from '../../base/index.js';
import type { AnyMetric } from '../../metrics/index.js';
import type { Model } from '../../onnx/index.js';
import type { Recipe } from '../../technique/index.js';
import { violations } from '../criteria/limits.js';
import { directionsOf, objectiveValue } from '../criteria/objectives.js';
import { measureCandidate } from '../models/meter.js';
import { isKept } from '../models/runner.js';
import type { Plan } from '../plan/strategy.js';
import type { LatencyInfo, Limits, ModelInfo, ObjectiveName, RunInfo } from '../results/info.js';
import { type Run, recipeRequest, sampleFeeds, storedModel } from '../settle/restore.js';

export interface SearchOutcome {
  /** Every stage of every trial, once, in the order of the trials. */
  candidates: ModelInfo[];
  trials: RunInfo['trials'];
  failures: RunInfo['failures'];
  /** Whether every trial that was wanted came to an end. */
  complete: boolean;
}

interface Search {
  run: Run;
  /** The trained baseline, where the original is an untrained architecture. */
  teacher?: Model;
  plan: Plan;
  baseline: ModelInfo;
  objectives: readonly ObjectiveName[];
  limits: Limits;
}

/**
 * Tries recipes until there were enough or the time is over. Trials that fail are noted with their reason, and the others go on.
 * @param budgetMs what is left of the budget.
 * @throws Stopped when aborted.
 */
export async function search(given: Omit<Search, 'teacher'>, budgetMs: number): Promise<SearchOutcome> {
  const { run, plan, objectives } = given;
  const context: Search = { ...given, teacher: run.request.architecture && (await storedModel(given.baseline, run)) };
  const { workspace } = run.request;
  const { trials, jobs, seed } = run.settings;
  const clock = startClock(budgetMs, run.request.signal);
  const study = await createStudy({
    space: plan.space,
    initialPoints: plan.initialPoints,
    objective: (point, trial) => tryRecipe(plan.recipe(point), trial, context),
    directions: directionsOf(objectives, run.request.task.metric),
    storage: workspace.storage,
    maxTrials: trials,
    concurrency: jobs,
    waveSize: 4,
    seed,
    activity: { ...run.request, signal: clock.signal },
  });
  const ended = study.trials.filter(({ state }) => state !== 'running').length;
  if (ended < trials) run.request.onProgress?.({ task: 'study', done: ended, total: trials });
  let complete = false;
  try {
    if (budgetMs > 0) {
      await study.run();
      complete = true;
    }
  } catch (error) {
    const isOver = error instanceof Stopped && clock.isOver();
    const failed = study.trials.length > 0 && study.trials.every(({ state }) => state === 'failed');
    if (!isOver && !failed) throw error;
    complete = !isOver;
  } finally {
    clock.stop();
  }
  return { ...outcomeOf(study, plan), complete };
}

/** A signal that follows the caller's and aborts when the time is over. */
function startClock(milliseconds: number, signal: AbortSignal | undefined) {
  const controller = new AbortController();
  let isOver = milliseconds <= 0;
  const follow = () => controller.abort(signal?.reason);
  if (signal?.aborted) follow();
  signal?.addEventListener('abort', follow, { once: true });
  // Timers hold at most 2^31 - 1 ms; a longer budget is no limit in practice.
  const timer =
    milliseconds < 2 ** 31
      ? setTimeout(() => {
          isOver = !signal?.aborted;
          controller.abort();
        }, milliseconds)
      : undefined;
  return {
    signal: controller.signal,
    isOver: () => isOver,
    stop: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', follow);
    },
  };
}

/** One trial: applies the recipe, and measures every stage of it, because a stage may be on the front without what follows. */
async function tryRecipe(recipe: Recipe, trial: Trial, { run, teacher, baseline, objectives, limits }: Search) {
  const request = recipeRequest(run, recipe, trial.activity, teacher);
  const stages = (await run.runner.run(request)).filter(isKept).filter(({ id }) => id !== baseline.id);
  const latency = objectives.includes('latency') ? (model: Model) => latencyBeside(baseline, model, run) : undefined;
  const candidates: ModelInfo[] = [];
  for (const stage of stages) candidates.push(await measureCandidate(stage, request, run.shapes, latency));
  const last = candidates.at(-1);
  if (!last) throw new UnsupportedError('The recipe changes nothing');
  run.request.onMessage?.({ level: 'info', text: `Trial ${trial.number}: ${describe(last, run.request.task.metric)}.` });
  trial.attributes.candidates = JSON.parse(JSON.stringify(candidates));
  const found = Object.values(violations(limits, last, baseline, run.request.task.metric));
  return { values: objectives.map((name) => objectiveValue(last, name)), violations: found.length > 0 ? found : undefined };
}

/**
 * A model's latency from the ratio to the baseline, taken in turns with it, and the baseline's own, which was timed before the trials: others
 * train meanwhile, and slow both of them alike.
 */
async function latencyBeside(baseline: ModelInfo, model: Model, run: Run): Promise<LatencyInfo> {
  const { host, task } = run.request;
  const measured = await host.latency(model, await storedModel(baseline, run), await sampleFeeds(model, task));
  const quiet = baseline.footprint.latency;
  const { ratioToBaseline } = measured;
  if (!quiet || ratioToBaseline === undefined) return measured;
  const factor = (quiet.p50 * ratioToBaseline) / measured.p50;
  const { p50, p95, p99, throughput } = measured;
  return { ...measured, p50: p50 * factor, p95: p95 * factor, p99: p99 * factor, throughput: throughput / factor };
}

function outcomeOf(study: Study, plan: Plan): Omit<SearchOutcome, 'complete'> {
  const found = new Map<string, ModelInfo>();
  for (const trial of study.trials) {
    for (const info of (trial.attributes.candidates ?? []) as unknown as ModelInfo[])
      if (!found.has(info.id)) found.set(info.id, { ...info, trial: trial.number });
  }
  const failures = study.trials
    .filter((trial) => trial.state === 'failed')
    .map((trial) => ({ trial: trial.number, recipe: plan.recipe(trial.point), message: trial.error?.message ?? 'unknown' }));
  const count = (state: string) => study.trials.filter((trial) => trial.state === state).length;
  return {
    candidates: [...found.values()],
    failures,
    trials: { finished: count('completed'), failed: failures.length, stopped: count('stopped') },
  };
}

/** "prune keep 0.5 + quantize static min-max: accuracy 97.2%, 128 KB, 1.15 M MACs". */
function describe({ label, validation, footprint }: ModelInfo, { label: name, scale }: AnyMetric): string {
  const quality = `${name} ${scale.format(validation.value)}`;
  const macs = footprint.macs === undefined ? [] : [`${formatCount(footprint.macs)} MACs`];
  return `${label}: ${[quality, formatBytes(footprint.bytes), ...macs].join(', ')}`;
}
