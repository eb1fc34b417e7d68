import { asJson, canonicalText } from '../../automation/index.js';
import { type Activity, hashText, nested } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model } from '../../onnx/index.js';
import { applyTechnique, type Recipe, type Step, type TechniqueNotes, type TechniqueRegistry } from '../../technique/index.js';
import type { Task } from '../../training/index.js';
import { stageIn } from '../results/recorded.js';
import { type Effort, withEffortOf } from './effort.js';
import { sha256 } from './fingerprint.js';
import { journaled } from './journaled.js';
import { Making, type WatchEpoch } from './making.js';
import type { Workspace } from './workspace.js';

export interface RecipeRequest {
  recipe: Recipe;
  /** The model that the first step is given. */
  original: Model;
  /** The model that teaches, where the original is not trained yet. Default: the original. */
  teacher?: Model;
  task: Task;
  runtime: Runtime;
  registry: TechniqueRegistry;
  workspace: Workspace;
  seed: number;
  /** Distinguishes runs on other models or data in the ids of models. */
  fingerprint: string;
  threads?: number;
  activity?: Activity;
  /** Whether quality is measured after every epoch, and kept with what the trainings made. Default false. */
  isWatched?: boolean;
  /**
   * Told of each epoch of each stage, those that were trained before among them, where they are watched: the stage's place in the recipe, from 1, and the validation quality. What it
   * throws ends the run; what other runs want as well is made all the same.
   */
  watch?: (stage: number, quality: number) => Promise<void>;
}

/** A model that the first steps of a recipe made. */
export interface Stage {
  id: string;
  recipe: Recipe;
  model: Model;
  /** Size and place of its file; absent for what is made again rather than kept. */
  bytes?: number;
  file?: string;
  notes: TechniqueNotes;
  /** Of all steps so far. */
  effort: Effort;
}

/** A stage with a file. */
export type KeptStage = Stage & Required<Pick<Stage, 'bytes' | 'file'>>;

/**
 * Applies recipes and keeps what each of their steps made. A stage is a pure function of the original, the data, the seed and the steps so far,
 * and is named by their hash: recipes that begin alike share stages, and a stage that is on disk is not made again.
 */
export class RecipeRunner {
  /** Stages being made now, so that two trials that begin alike do the common part once. */
  readonly #making = new Map<string, Making<Stage>>();

  /** Every stage of the recipe, in order. @throws whatever a technique throws, and `watch`; earlier stages are kept. */
  async run(request: RecipeRequest): Promise<Stage[]> {
    const stages: Stage[] = [];
    const { recipe, watch } = request;
    for (let length = 1; length <= recipe.length; length++)
      stages.push(await this.#stage(recipe.slice(0, length), stages.at(-1), request, watch && ((quality) => watch(length, quality))));
    return stages;
  }

  async #stage(recipe: Recipe, before: Stage | undefined, request: RecipeRequest, watch: WatchEpoch | undefined): Promise<Stage> {
    const id = stageId(recipe, request.seed, request.fingerprint);
    const { activity = {} } = request;
    let making = this.#making.get(id);
    while (making?.isUnwanted) {
      await making.ended;
      making = this.#making.get(id);
    }
    if (!making) {
      const begun: Making<Stage> = new Making(
        (tell, within) => makeStage(id, recipe, before, { ...request, activity: within }, tell),
        activity,
      );
      this.#making.set(id, begun);
      begun.ended.then(() => this.#making.delete(id));
      making = begun;
    }
    return making.join(activity, watch);
  }
}

async function makeStage(id: string, recipe: Recipe, before: Stage | undefined, request: RecipeRequest, tell: WatchEpoch): Promise<Stage> {
  const { workspace, isWatched } = request;
  const made = stageIn(workspace.storage.records(), id);
  const kept = made && (await workspace.load(id));
  if (made && kept) {
    const { bytes, notes, epochs = [] } = made;
    for (const quality of epochs) await tell(quality ?? Number.NaN);
    return { id, recipe, model: kept, bytes, file: workspace.fileOf(id), notes, effort: withEffortOf(notes, before?.effort) };
  }
  const step = recipe.at(-1) as Step;
  const technique = request.registry.get(step.technique);
  const epochs: number[] = [];
  // A metric that is not defined is null in checkpoints and in the journal.
  const onQuality = async (quality: number | null) => {
    epochs.push(quality ?? Number.NaN);
    await tell(quality ?? Number.NaN);
  };
  const { model, notes } = await applyTechnique(
    technique,
    {
      ...nested(request.activity, technique.name),
      model: before?.model ?? request.original,
      original: request.teacher ?? request.original,
      task: request.task,
      runtime: request.runtime,
      threads: request.threads,
      seed: hashText(`${request.seed}/${id}`),
      checkpoints: workspace.checkpoints(id),
      ...(isWatched && { onQuality }),
    },
    step.options,
  );
  const effort = withEffortOf(notes, before?.effort);
  if (technique.isTransient) return { id, recipe, model, notes, effort };
  const { bytes, file } = await workspace.save(id, model);
  const noted = journaled(notes);
  await workspace.storage.record('stage', { id, bytes, notes: noted, ...(isWatched && { epochs: journaled(epochs) }) });
  await workspace.forget(id);
  // As the file and the journal have it, so that a run that resumes here goes on with the very same.
  return { id, recipe, model: (await workspace.load(id)) ?? model, bytes, file, notes: noted, effort };
}

/** A short name for people and a hash for uniqueness, e.g. "prune-quantize-1f3a9c02". */
export function stageId(recipe: Recipe, seed: number, fingerprint: string): string {
  const hash = sha256([canonicalText(asJson({ recipe, seed, fingerprint }, 'recipe'))]).slice(0, 12);
  return `${recipe.map((step) => step.technique).join('-')}-${hash}`;
}
