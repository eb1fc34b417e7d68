import { asJson, type Json } from '../../automation/index.js';
import { EspalierError, ResourceError, Stopped } from '../../base/index.js';
import type { Model } from '../../onnx/index.js';
import type { Timed } from '../models/host.js';
import { journaled } from '../models/journaled.js';
import { latencyBeside } from '../models/latency.js';
import type { MakeModels } from '../models/maker.js';
import type { Meter } from '../models/meter.js';
import { storedModel, type Workspace } from '../models/workspace.js';
import type { JobResult, StageJob } from './job.js';
import type { JobActivity } from './progress.js';
import { type About, recordsFor } from './records.js';

/** What a worker makes the stages of one run with. */
export interface StageTools {
  make: MakeModels;
  meter: Pick<Meter, 'measure' | 'latency'>;
  workspace: Workspace;
}

/** Makes and measures a stage; of epochs only those of its own trainings are told, not of what it begins with. @throws whatever a technique throws; ResourceError; Stopped when aborted. */
export async function performStage(job: StageJob, { make, meter, workspace }: StageTools, activity: JobActivity): Promise<void> {
  const { recipe, baseline, teaches, latency } = job;
  const stored = baseline && (await storedModel(baseline, workspace));
  const watch = async (place: number, quality: number) => {
    if (place === recipe.length) activity.onQuality?.(quality);
  };
  const stage = (await make(recipe, activity, teaches ? stored : undefined, watch)).at(-1);
  const beside = baseline && stored && ((model: Model, timed: Timed) => latencyBeside(baseline, stored, model, timed, meter));
  if (stage) await meter.measure(stage, { signal: activity.signal, latency: latency ? beside : undefined });
}

/**
 * What work put into the journal, and what that says of a stage, as the result of a job. What the recipe itself is at fault for is a result, too; anything else is the
 * machine's fault, and thrown.
 * @param about the stage, or the step, that the job was for: it may have been in this worker's journal before. @param activity where trials may be given up early, what failed says how far
 * it came.
 */
export async function resultOf(
  work: (activity: JobActivity) => Promise<unknown>,
  { storage }: Pick<Workspace, 'storage'>,
  about: About,
  activity: JobActivity,
): Promise<Json> {
  const known = storage.records().length;
  const epochs: number[] = [];
  const onQuality = (quality: number) => {
    epochs.push(quality);
    activity.onQuality?.(quality);
  };
  try {
    await work({ ...activity, onQuality });
    const found: JobResult = { records: [...storage.records().slice(known), ...recordsFor(storage, about)] };
    return asJson(found, 'result');
  } catch (error) {
    if (!(error instanceof EspalierError) || error instanceof ResourceError || error instanceof Stopped) throw error;
    const { name, message } = error;
    return asJson({ failed: { name, message, ...(epochs.length > 0 && { epochs: journaled(epochs) }) } }, 'result');
  }
}
