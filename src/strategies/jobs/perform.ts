import { asJson, type Job, type Json } from '../../automation/index.js';
import { type Activity, EspalierError, ResourceError, Stopped } from '../../base/index.js';
import { latencyBeside } from '../models/latency.js';
import type { MakeModels } from '../models/maker.js';
import type { Meter } from '../models/meter.js';
import { storedModel, type Workspace } from '../models/workspace.js';
import { type StageResult, stageJobIn } from './job.js';
import { adopt, recordsFor } from './records.js';

/** What a worker does the jobs of one run with. */
export interface JobTools {
  make: MakeModels;
  meter: Pick<Meter, 'measure' | 'latency'>;
  workspace: Workspace;
}

/**
 * Makes and measures a stage. What the recipe itself is at fault for is a result; anything else is the machine's fault, and thrown.
 * @throws FormatError for what is no job; ResourceError; Stopped when aborted.
 */
export async function performStage(job: Job, { make, meter, workspace }: JobTools, activity: Activity): Promise<Json> {
  const { id, recipe, baseline, teaches, latency, records } = stageJobIn(job);
  await adopt(workspace.storage, records);
  const known = workspace.storage.records().length;
  try {
    const stored = await storedModel(baseline, workspace);
    const stage = (await make(recipe, activity, teaches ? stored : undefined)).at(-1);
    const beside = (model: Parameters<Meter['latency']>[0]) => latencyBeside(baseline, stored, model, meter);
    if (stage) await meter.measure(stage, { signal: activity.signal, latency: latency ? beside : undefined });
    const found: StageResult = { records: [...workspace.storage.records().slice(known), ...recordsFor(workspace.storage, [id])] };
    return asJson(found, 'result');
  } catch (error) {
    if (!(error instanceof EspalierError) || error instanceof ResourceError || error instanceof Stopped) throw error;
    return { failed: { name: error.name, message: error.message } };
  }
}
