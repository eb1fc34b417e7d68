import type { Job, Json } from '../automation/index.js';
import { runJobIn } from './jobs/job.js';
import { performStage, resultOf, type StageTools } from './jobs/perform.js';
import type { JobActivity } from './jobs/progress.js';
import { adopt } from './jobs/records.js';
import { estimatingHost } from './models/estimated.js';
import { fingerprintOf } from './models/fingerprint.js';
import { modelMaker } from './models/maker.js';
import { meterOf } from './models/meter.js';
import { signingHost } from './models/signed.js';
import { planRun } from './plan/plan.js';
import type { OptimizeRequest } from './request.js';
import { type ChosenMeter, chosenMeter, nameOfStep } from './settle/chosen.js';

/** Does jobs of one run. */
export type PerformJob = (job: Job, activity: JobActivity) => Promise<Json>;

export { type JobNews, ProgressBatch, progressMessage } from './jobs/progress.js';

/**
 * Opens a run as a worker: what `optimize` would do itself, it does job by job. The workspace's journal is the worker's own; models go where the run keeps them.
 * @param machine noted with what is timed. Default: nothing is.
 * @returns what does jobs. It throws OptionError where the run that a job belongs to is another than the request says: other data, another version.
 */
export function openRun(request: Omit<OptimizeRequest, 'workers'>, machine?: string): PerformJob {
  let tools: Promise<RunTools> | undefined;
  return async (job, activity) => {
    const work = runJobIn(job);
    // What is loaded first may take long.
    activity.onProgress?.({ task: work.kind === 'stage' ? (work.recipe.at(-1)?.technique ?? 'stage') : work.kind, done: 0 });
    await adopt(request.workspace.storage, work.records);
    tools ??= toolsFor(request, machine);
    const { chosen, ...stages } = await tools;
    if (work.kind === 'stage')
      return resultOf((within) => performStage(work, stages, within), request.workspace, { models: [work.id] }, activity);
    return resultOf((within) => chosen[work.kind](work, within), request.workspace, { steps: [nameOfStep(work.kind, work)] }, activity);
  };
}

interface RunTools extends StageTools {
  chosen: ChosenMeter;
}

async function toolsFor({ options = {}, ...request }: Omit<OptimizeRequest, 'workers'>, machine: string | undefined): Promise<RunTools> {
  const { name, original, architecture, strategy, registry, runtime, workspace, onMessage } = request;
  const given = { name, original, architecture, strategy, registry, runtime, workspace, onMessage };
  const { task, settings } = await planRun({ ...given, task: request.task, options: { ...options, budgetMs: undefined } });
  const { seed, threads, hardware, target, stopper } = settings;
  const measuring = machine === undefined ? request.host : signingHost(request.host, machine);
  const host = hardware ? estimatingHost(request.host, hardware) : measuring;
  const fingerprint = fingerprintOf(original, task);
  const isWatched = stopper !== 'none';
  const make = modelMaker({ original, task, runtime, registry, workspace, seed, threads, fingerprint, isWatched });
  const meter = await meterOf({ original, task, runtime, threads, host, storage: workspace.storage, registry, seed, target });
  return { make, meter, workspace, chosen: chosenMeter({ task, runtime, threads, host, workspace }) };
}
