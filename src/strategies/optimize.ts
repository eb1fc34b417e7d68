import { EspalierError } from '../base/index.js';
import { requireSound } from '../infrastructure/compiler/index.js';
import type { Runtime } from '../infrastructure/runtime/index.js';
import type { Model } from '../onnx/index.js';
import { batchSizeOf, buildTrainingStep, inputShapes, type Task, trainable } from '../training/index.js';
import { measureBaseline, timedBaseline } from './baseline/baseline.js';
import { broken, violations, withRules } from './criteria/limits.js';
import { objectivesFor } from './criteria/objectives.js';
import type { Workspace } from './models/workspace.js';
import { claimWorkspace, fingerprintOf } from './plan/claim.js';
import { type Settings, settingsOf } from './plan/settings.js';
import type { Plan } from './plan/strategy.js';
import type { OptimizeRequest } from './request.js';
import { FORMAT_VERSION, FRONT_SCHEMA, type Limits, type ModelInfo, type ObjectiveName, type RunInfo } from './results/info.js';
import { type SearchOutcome, search } from './search/search.js';
import { markFront } from './settle/front.js';
import { measureFront, writeCards } from './settle/measure-front.js';
import { makeRun, type Run, restoreModels } from './settle/restore.js';

/**
 * The main job: from a model and data to the Pareto front of better models. Everything that is done is journaled in the workspace; called again
 * after a kill, with the same request, it goes on and ends as if nothing had happened. Only `trials`, `budgetMs` and `jobs` may differ then.
 *
 * Selection uses the validation part only. The test part is read once, at the end, for the baseline and the models of the front, from their
 * written files.
 * @throws GraphError for a model that cannot be any good (NaN weights, say); DataError where the baseline is no better than guessing; OptionError for options that cannot be used, or a workspace with another
 *   run in it; Stopped when aborted.
 */
export async function optimize(given: OptimizeRequest): Promise<RunInfo> {
  const request = stated(given);
  const started = performance.now();
  const elapsed = () => performance.now() - started;
  requireSound(request.original);
  const settings = settingsOf(request.options ?? {}, request.task.splits.train.size);
  const plan = await planFor(request, settings);
  await claimWorkspace(request, settings, plan);
  const run = await makeRun(request, settings, fingerprintOf(request.original, request.task));
  const measured = await measureBaseline(run);
  const limits = request.strategy.limits?.(settings.limits, measured) ?? settings.limits;
  const objectives = objectivesFor(settings.objectives, limits, measured);
  const baseline = objectives.includes('latency') ? await timedBaseline(measured, run) : measured;
  const outcome = await search({ run, plan, baseline, objectives, limits }, settings.budgetMs - elapsed());
  const info = describeRun({ run, plan, baseline, objectives, limits, outcome });
  await settleFront(info, run);
  info.seconds = await addTime(request.workspace, elapsed() / 1000);
  await request.workspace.write('front.json', `${JSON.stringify(info, null, 2)}\n`);
  return info;
}

/** The request with every metric that a limit is about among what the task states. */
function stated(request: OptimizeRequest): OptimizeRequest {
  const { limits } = request.options ?? {};
  if (!limits?.rules?.length) return request;
  const { task, rules } = withRules(request.task, limits.rules);
  return { ...request, task, options: { ...request.options, limits: { ...limits, rules } } };
}

async function planFor(request: OptimizeRequest, { limits, epochs, families }: Settings): Promise<Plan> {
  const { original, task, registry, runtime, strategy, architecture } = request;
  const untrainable = await whyUntrainable(original, task, runtime);
  const plan = strategy.plan({ original, task, limits, registry, epochs, architecture, families, untrainable });
  for (const text of plan.remarks) request.onMessage?.({ level: 'warning', text });
  return plan;
}

interface Finding {
  run: Run;
  plan: Plan;
  baseline: ModelInfo;
  objectives: ObjectiveName[];
  limits: Limits;
  outcome: SearchOutcome;
}

/**
 * Marks the front and measures it. Latencies measured then, with nothing else running, replace those of the search, and may change what is on the
 * front; so until everything on it is measured. Each turn measures a model that was not, so that it ends.
 */
async function settleFront(info: RunInfo, run: Run): Promise<void> {
  const { baseline, limits, objectives } = info;
  const { task } = run.request;
  await restoreModels(info.models, baseline, run);
  do {
    for (const model of [baseline, ...info.models]) model.breaks = broken(violations(limits, model, baseline, task.metric));
    Object.assign(info, markFront(info.models, baseline, objectives, task.metric));
  } while (await measureFront(info, run));
  await writeCards(info, run);
}

/** Everything that is known before the front is marked and measured. */
function describeRun({ run, plan, baseline, objectives, limits, outcome }: Finding): RunInfo {
  const { task, strategy, host, name } = run.request;
  const { seed, trials, epochs, threads, jobs } = run.settings;
  return {
    schema: FRONT_SCHEMA,
    format: FORMAT_VERSION,
    name,
    strategy: strategy.name,
    task: {
      name: task.name,
      kind: task.kind,
      metric: baseline.validation.metric,
      title: task.title,
      classes: task.parts.length > 0 ? task.parts : undefined,
      preprocess: task.feeds,
      samples: {
        train: task.splits.train.size,
        calibration: task.splits.calibration.size,
        validation: task.splits.validation.size,
        test: task.splits.test.size,
      },
      fingerprint: task.splits.train.fingerprint,
    },
    seed,
    options: { trials, epochs, threads, jobs },
    limits,
    machine: host.machine(),
    objectives,
    baseline,
    models: outcome.candidates,
    hypervolume: 0,
    layers: {},
    trials: outcome.trials,
    failures: outcome.failures,
    remarks: [...plan.remarks, ...remarksOn(outcome, trials)],
    seconds: 0,
    complete: outcome.complete,
  };
}

function remarksOn({ trials, complete }: SearchOutcome, wanted: number): string[] {
  const ended = trials.finished + trials.failed + trials.stopped;
  if (!complete) return [`The budget ended the search after ${ended} of ${wanted} trials; the same command goes on with it.`];
  return ended < wanted ? [`There are no more than ${ended} different recipes to try for this model.`] : [];
}

/** Seconds of all runs in this workspace that came to their end. */
async function addTime({ storage }: Workspace, seconds: number): Promise<number> {
  const before = storage.records().filter(({ kind }) => kind === 'seconds');
  await storage.record('seconds', { seconds });
  return before.reduce((sum, { data }) => sum + (data as { seconds: number }).seconds, seconds);
}

/** The reason why the task's loss cannot be trained on this model, or undefined where it can. */
export async function whyUntrainable(model: Model, task: Task, runtime: Runtime): Promise<string | undefined> {
  try {
    const seen = await trainable(model, task, runtime);
    const batchSize = batchSizeOf(seen, task, 2);
    buildTrainingStep(seen, { batchSize, inputShapes: await inputShapes(task, batchSize), loss: task.loss(), optimizer: { kind: 'sgd' } });
    return undefined;
  } catch (error) {
    if (error instanceof EspalierError) return error.message;
    throw error;
  }
}
