import type { JobQueue, JournalRecord, Json } from '../../automation/index.js';
import { type Activity, EspalierError } from '../../base/index.js';
import type { Recipe, TechniqueRegistry } from '../../technique/index.js';
import { sha256 } from '../models/fingerprint.js';
import type { WatchEpoch } from '../models/making.js';
import { type RecipeRequest, stageId } from '../models/runner.js';
import type { Workspace } from '../models/workspace.js';
import { type ChosenJob, jobOf, type RunJob, resultIn, type StageJob, type WrittenModel } from './job.js';
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
  /**
   * Makes and measures every stage of a recipe. @param beside absent where the last is to be the baseline. @param watch told of each epoch of its trainings, by the stage's place in the
   * recipe, from 1, as far as workers tell in time. @throws what `watch` throws: then the stage is not made, unless another trial waits for it.
   */
  make(recipe: Recipe, activity: Activity, beside?: StageBeside, watch?: RecipeRequest['watch']): Promise<void>;
  /** Measures a chosen model, unless the journal has the step of that name. */
  measure(step: string, job: Omit<ChosenJob, 'open' | 'records'>, activity: Activity): Promise<void>;
}

export function workersOf({ queue, open, registry, workspace, seed, fingerprint }: QueueNeeds): Elsewhere {
  const { storage } = workspace;
  /** Which job each worker told of last. */
  const told = new Map<string, string>();
  const run = sha256([fingerprint, workspace.name, String(seed)]).slice(0, 12);
  return {
    make: async (recipe, activity, beside, watch) => {
      const { teaches = false, latency = false } = beside ?? {};
      const baseline = beside && written(beside.baseline);
      const models = baseline ? [baseline.id] : [];
      for (let length = 1; length <= recipe.length; length++) {
        const steps = recipe.slice(0, length);
        const id = stageId(steps, seed, fingerprint);
        models.push(id);
        if (registry.get(recipe[length - 1].technique).isTransient || has(`measure ${id}`)) continue;
        const job: StageJob = { kind: 'stage', open, id, recipe: steps, baseline, teaches, latency, records: known({ models }) };
        await done(job, activity, watch && ((quality) => watch(length, quality)));
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

  async function done(runJob: RunJob, { signal, onMessage, onProgress }: Activity, watch?: WatchEpoch): Promise<void> {
    const job = jobOf(runJob, run);
    const watched = watch && new Watched(watch);
    /** Those that told of this job last do nothing now, but for one: who took another job meanwhile has told of that. */
    const rest = (but?: string) => {
      for (const [name, id] of told) {
        if (id !== job.id || name === but) continue;
        told.delete(name);
        onProgress?.({ task: '', done: 0, worker: { name, isIdle: true } });
      }
    };
    const hear = (said: Json) => {
      const { worker: name, events, qualities } = progressIn(said) ?? { worker: '', events: [] };
      watched?.hear(qualities ?? []);
      if (events.length > 0) told.set(name, job.id);
      for (const event of events) onProgress?.({ ...event, worker: { name } });
      // The job of one that died is another's.
      rest(name);
    };
    const signals = [signal, watched?.given].filter((each) => each !== undefined);
    try {
      const result = resultIn(await queue.result(job, { signal: AbortSignal.any(signals), onProgress: hear }), job);
      if ('failed' in result) watched?.hear(result.failed.epochs ?? []);
      else await keep(result.records, onMessage);
      await watched?.told;
      if ('failed' in result) throw Object.assign(new EspalierError(result.failed.message), { name: result.failed.name });
    } catch (error) {
      throw watched?.given.aborted ? watched.given.reason : error;
    } finally {
      watched?.end();
      rest();
    }
  }

  async function keep(records: readonly JournalRecord[], onMessage: Activity['onMessage']): Promise<void> {
    for (const name of await adopt(storage, records))
      onMessage?.({ level: 'warning', text: `Two workers differ in the ${name}: what came first counts.` });
  }
}

/** Tells of the epochs of a stage in order, each once. */
class Watched {
  readonly #watch: WatchEpoch;
  readonly #given = new AbortController();
  #heard = 0;
  #isOver = false;
  /** Resolves when all that was heard is told. */
  told: Promise<void> = Promise.resolve();

  constructor(watch: WatchEpoch) {
    this.#watch = watch;
  }

  /** Aborted by what `watch` threw. */
  get given(): AbortSignal {
    return this.#given.signal;
  }

  /** Nothing more is told. */
  end(): void {
    this.#isOver = true;
  }

  /** @param qualities of all epochs so far. */
  hear(qualities: readonly (number | null)[]): void {
    for (const quality of qualities.slice(this.#heard)) {
      this.#heard++;
      this.told = this.told.then(() => (this.#isOver ? undefined : this.#watch(quality ?? Number.NaN)));
      this.told.catch((error: unknown) => this.#given.abort(error));
    }
  }
}

/** What a worker needs to know of a model. */
function written({ id, file, footprint }: WrittenModel): WrittenModel {
  return { id, file, footprint };
}
