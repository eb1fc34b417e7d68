import type { Job, Json } from '../automation/index.js';
import type { Activity } from '../base/index.js';
import { stageJobIn } from './jobs/job.js';
import { type JobTools, performStage } from './jobs/perform.js';
import { adopt } from './jobs/records.js';
import { estimatingHost } from './models/estimated.js';
import { fingerprintOf } from './models/fingerprint.js';
import { modelMaker } from './models/maker.js';
import { meterOf } from './models/meter.js';
import { planRun } from './plan/plan.js';
import type { OptimizeRequest } from './request.js';

/** Does jobs of one run. */
export type PerformJob = (job: Job, activity: Activity) => Promise<Json>;

/**
 * Opens a run as a worker: what `optimize` would do itself, it does job by job. The workspace's journal is the worker's own; models go where the run keeps them.
 * @returns what does jobs. It throws OptionError where the run that a job belongs to is another than the request says: other data, another version.
 */
export function openRun(request: Omit<OptimizeRequest, 'workers'>): PerformJob {
  let tools: Promise<JobTools> | undefined;
  return async (job, activity) => {
    await adopt(request.workspace.storage, stageJobIn(job).records);
    tools ??= toolsFor(request);
    return performStage(job, await tools, activity);
  };
}

async function toolsFor({ options = {}, ...request }: Omit<OptimizeRequest, 'workers'>): Promise<JobTools> {
  const { name, original, architecture, strategy, registry, runtime, workspace, onMessage } = request;
  const given = { name, original, architecture, strategy, registry, runtime, workspace, onMessage };
  const { task, settings } = await planRun({ ...given, task: request.task, options });
  const { seed, threads, hardware, target } = settings;
  const host = hardware ? estimatingHost(request.host, hardware) : request.host;
  const make = modelMaker({ original, task, runtime, registry, workspace, seed, threads, fingerprint: fingerprintOf(original, task) });
  const meter = await meterOf({ original, task, runtime, threads, host, storage: workspace.storage, registry, seed, target });
  return { make, meter, workspace };
}
