import type { Job, JobQueue, Json } from '../../automation/index.js';
import { type Activity, EspalierError } from '../../base/index.js';
import type { Recipe, TechniqueRegistry } from '../../technique/index.js';
import type { Baseline } from '../baseline/baseline.js';
import { sha256 } from '../models/fingerprint.js';
import { stageId } from '../models/runner.js';
import type { Workspace } from '../models/workspace.js';
import { jobOf, stageResultIn } from './job.js';
import { adopt, recordsFor } from './records.js';

/** What stages are posted with. */
export interface QueueNeeds {
  queue: JobQueue;
  /** How a worker opens the run. */
  open: Json;
  baseline: Baseline;
  registry: TechniqueRegistry;
  workspace: Workspace;
  seed: number;
  fingerprint: string;
}

/** Has workers make and measure every stage of a recipe, and writes what they say into the journal: whoever applies the recipe then finds it there. */
export type MakeElsewhere = (recipe: Recipe, activity: Activity) => Promise<void>;

export function queuedStages({ queue, open, baseline, registry, workspace, seed, fingerprint }: QueueNeeds): MakeElsewhere {
  const run = sha256([fingerprint, workspace.name, String(seed)]).slice(0, 12);
  return async (recipe, activity) => {
    const ids = [baseline.info.id];
    for (let length = 1; length <= recipe.length; length++) {
      const steps = recipe.slice(0, length);
      const id = stageId(steps, seed, fingerprint);
      ids.push(id);
      if (registry.get(recipe[length - 1].technique).isTransient || isMeasured(workspace, id)) continue;
      const { id: of, file, footprint } = baseline.info;
      const stage = {
        open,
        id,
        recipe: steps,
        baseline: { id: of, file, footprint },
        teaches: baseline.teacher !== undefined,
        latency: baseline.criteria.objectives.includes('latency'),
        records: recordsFor(workspace.storage, ids),
      };
      await finish(jobOf(stage, run), activity);
    }
  };

  async function finish(job: Job, { signal, onMessage }: Activity): Promise<void> {
    const result = stageResultIn(await queue.result(job, { signal }), job);
    if ('failed' in result) throw Object.assign(new EspalierError(result.failed.message), { name: result.failed.name });
    for (const name of await adopt(workspace.storage, result.records))
      onMessage?.({ level: 'warning', text: `Two workers differ in the ${name}: what came first counts.` });
  }
}

function isMeasured({ storage }: Pick<Workspace, 'storage'>, id: string): boolean {
  return recordsFor(storage, [id]).some(({ kind }) => kind === 'step');
}
