import { requireSound } from '../infrastructure/compiler/index.js';
import type { Recipe } from '../technique/index.js';
import { measureBaseline } from './baseline/baseline.js';
import { workersOf } from './jobs/elsewhere.js';
import { noteRun } from './live/record.js';
import { Recorder } from './live/recorder.js';
import { estimatingHost } from './models/estimated.js';
import { fingerprintOf } from './models/fingerprint.js';
import { foresight } from './models/foresee.js';
import { modelMaker } from './models/maker.js';
import { meterOf } from './models/meter.js';
import { stageId } from './models/runner.js';
import { outlookMessage, planRun } from './plan/plan.js';
import type { OptimizeRequest } from './request.js';
import type { RunInfo } from './results/info.js';
import { search } from './search/search.js';
import { settle } from './settle/settle.js';
import { writeRun } from './write/write.js';

/**
 * The main job: from a model and data to the Pareto front of better models. Everything that is done is journaled in the workspace; called again
 * after a kill, with the same request, it goes on and ends as if nothing had happened. Only `trials`, `budgetMs` and `jobs` may differ then.
 *
 * Selection uses the validation part only. The test part is read once, at the end, for the baseline and the models of the front, from their
 * written files.
 * @throws GraphError for a model that cannot be any good (NaN weights, say); DataError where the baseline is no better than guessing; OptionError for
 *   options that cannot be used, or a workspace with another run in it; Stopped when aborted.
 */
export async function optimize(request: OptimizeRequest): Promise<RunInfo> {
  const started = performance.now();
  const elapsed = () => performance.now() - started;
  const { name, original, architecture, strategy, registry, runtime, workspace, options = {} } = request;
  const { onMessage, onProgress, signal } = request;
  requireSound(original);

  const given = { name, original, architecture, strategy };
  const planned = await planRun({ ...given, task: request.task, options, registry, runtime, workspace, onMessage, signal });
  const { task, settings, plan, outlook } = planned;
  const { seed, threads, hardware, target, jobs, limits, trials, stopper } = settings;
  const about = { name, strategy: strategy.name, task: { name: task.name, kind: task.kind, metric: task.metric.name }, trials };
  await noteRun(workspace.storage, { ...about, limits });
  const budgetMs = settings.budgetMs - elapsed();
  const recorder = new Recorder({ onMessage, onProgress, signal }, workspace.events, { jobs, budgetMs });
  const { activity } = recorder;
  return recorder.run(async () => {
    if (outlook) activity.onMessage?.(outlookMessage(planned));
    const host = hardware ? estimatingHost(request.host, hardware) : request.host;
    const fingerprint = fingerprintOf(original, task);
    const materials = { original, task, runtime, registry, workspace, seed, threads, fingerprint };
    const isWatched = stopper !== 'none';
    const make = modelMaker({ ...materials, isWatched });
    const meter = await meterOf({ original, task, runtime, threads, host, storage: workspace.storage, registry, seed, target });
    const { workers } = request;
    const elsewhere = workers && workersOf({ ...workers, registry, workspace, seed, fingerprint });
    const idOf = (recipe: Recipe) => stageId(recipe, seed, fingerprint);
    const tools = {
      make,
      idOf,
      meter,
      workspace,
      activity,
      elsewhere,
      foresee: isWatched ? foresight({ ...materials, meter }) : undefined,
    };

    const begun = elapsed();
    const baseline = await measureBaseline({ ...given, task, settings, ...tools });
    outlook?.expected.learn(outlook.baseline, (elapsed() - begun) / 1000);
    const { criteria, info } = baseline;
    await noteRun(workspace.storage, { ...about, limits: criteria.limits, objectives: criteria.objectives, baseline: info });
    recorder.searching(outlook?.each);
    const left = settings.budgetMs - elapsed();
    const found = await search({ plan, baseline, settings, budgetMs: left, expected: outlook?.expected, registry, recorder, ...tools });
    recorder.state('settling');
    // Limits may have been changed meanwhile.
    const judged = { ...baseline, criteria: { ...criteria, limits: found.limits } };
    const settled = await settle({ baseline: judged, candidates: found.candidates, task, runtime, threads, host, settings, ...tools });
    // A worker may have written once more after its stage was given up.
    if (found.complete) for (const stage of found.left) await workspace.forget(stage);
    return writeRun({
      name,
      strategyName: strategy.name,
      task,
      data: request.task.splits.train.fingerprint,
      settings,
      plan,
      baseline: judged,
      found,
      settled,
      host,
      meter,
      workspace,
      elapsed: elapsed(),
    });
  });
}
