import type { JobQueue, Json } from '../../automation/index.js';
import { type Activity, EspalierError } from '../../base/index.js';
import type { Recipe, TechniqueRegistry } from '../../technique/index.js';
import { sha256 } from '../models/fingerprint.js';
import { stageId } from '../models/runner.js';
import type { Workspace } from '../models/workspace.js';
import { type ChosenJob, type JobResult, jobOf, type RunJob, resultIn, type StageJob, type WrittenModel } from './job.js';
import { progressIn } from './progress.js';
import { type About, adopt, recordsFor } from './records.js';

/** What jobs are posted with. */
export interface QueueNeeds {
  queue: JobQueue;
  /** How a worker opens the run. */
  open: Json;
  registry: TechniqueRegistry;
  workspace: Workspace;
  seed: number;
  fingerprint: string;
}

/** What stages are compared with. */
export interface StageBeside extends Pick<StageJob, 'teaches' | 'latency'> {
  baseline: WrittenModel;
}

/** Has workers do what is then found in the journal: whoever goes on to do it himself has nothing left to do. */
export interface Elsewhere {
  /** Makes and measures every stage of a recipe. @param beside absent where the last is to be the baseline. */
  make(recipe: Recipe, activity: Activity, beside?: StageBeside): Promise<void>;
  /** Measures a chosen model, unless the journal has the step of that name. */
  measure(step: string, job: Omit<ChosenJob, 'open' | 'records'>, activity: Activity): Promise<void>;
}

export function workersOf({ queue, open, registry, workspace, seed, fingerprint }: QueueNeeds): Elsewhere {
  const { storage } = workspace;
  /** Which job each worker told of last. */
  const told = new Map<string, string>();
  const run = sha256([fingerprint, workspace.name, String(seed)]).slice(0, 12);
  return {
    make: async (recipe, activity, beside) => {
      const { teaches = false, latency = false } = beside ?? {};
      const baseline = beside && written(beside.baseline);
      const models = baseline ? [baseline.id] : [];
      for (let length = 1; length <= recipe.length; length++) {
        const steps = recipe.slice(0, length);
        const id = stageId(steps, seed, fingerprint);
        models.push(id);
        if (registry.get(recipe[length - 1].technique).isTransient || has(`measure ${id}`)) continue;
        await done({ kind: 'stage', open, id, recipe: steps, baseline, teaches, latency, records: known({ models }) }, activity);
      }
    },
    measure: async (step, { kind, model, baseline, concurrent }, activity) => {
      if (has(step)) return;
      const records = known({ models: [baseline.id, model.id] });
      await done({ kind, open, model: written(model), baseline: written(baseline), concurrent, records }, activity);
    },
  };

  function known(about: About) {
    return recordsFor(storage, about);
  }

  function has(step: string): boolean {
    return known({ steps: [step] }).some(({ kind }) => kind === 'step');
  }

  async function done(runJob: RunJob, { signal, onMessage, onProgress }: Activity): Promise<void> {
    const job = jobOf(runJob, run);
    /** Those that told of this job last do nothing now, but for one: who took another job meanwhile has told of that. */
    const rest = (but?: string) => {
      for (const [name, id] of told) {
        if (id !== job.id || name === but) continue;
        told.delete(name);
        onProgress?.({ task: '', done: 0, worker: { name, isIdle: true } });
      }
    };
    const hear = (said: Json) => {
      const { worker: name, events } = progressIn(said) ?? { worker: '', events: [] };
      if (events.length > 0) told.set(name, job.id);
      for (const event of events) onProgress?.({ ...event, worker: { name } });
      // The job of one that died is another's.
      rest(name);
    };
    try {
      const result = resultIn(await queue.result(job, { signal, onProgress: hear }), job);
      await take(result, onMessage);
    } finally {
      rest();
    }
  }

  async function take(result: JobResult, onMessage: Activity['onMessage']): Promise<void> {
    if ('failed' in result) throw Object.assign(new EspalierError(result.failed.message), { name: result.failed.name });
    for (const name of await adopt(storage, result.records))
      onMessage?.({ level: 'warning', text: `Two workers differ in the ${name}: what came first counts.` });
  }
}

/** What a worker needs to know of a model. */
function written({ id, file, footprint }: WrittenModel): WrittenModel {
  return { id, file, footprint };
}
