import { type Activity, EspalierError, nested } from '../../base/index.js';
import type { Model, Tensor } from '../../onnx/index.js';
import type { Recipe } from '../../technique/index.js';
import { batchSizeOf, feedsOf, inputShapes, type Task } from '../../training/index.js';
import { type RecipeRequest, RecipeRunner } from '../models/runner.js';
import type { Settings } from '../plan/settings.js';
import type { OptimizeRequest } from '../request.js';
import type { ModelInfo } from '../results/info.js';

/** What the parts of one optimization share. */
export interface Run {
  readonly request: OptimizeRequest;
  readonly settings: Settings;
  readonly fingerprint: string;
  readonly runner: RecipeRunner;
  /** Shapes of the inputs for one sample, as the data has them: models often leave dimensions open. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

export async function makeRun(request: OptimizeRequest, settings: Settings, fingerprint: string): Promise<Run> {
  const { original, task } = request;
  const shapes = await inputShapes(task, batchSizeOf(original, task, 1));
  return { request, settings, fingerprint, runner: new RecipeRunner(), shapes };
}

/** @param teacher the trained baseline, where the original is not trained yet. */
export function recipeRequest({ request, settings, fingerprint }: Run, recipe: Recipe, activity: Activity, teacher?: Model): RecipeRequest {
  const { original, task, runtime, registry, workspace } = request;
  const { seed, threads } = settings;
  return { recipe, original, teacher, task, runtime, registry, workspace, seed, fingerprint, threads, activity };
}

/** Inputs of one real sample (of as many as the model takes at a time), for measurements: made-up ones may be slower, or out of range. */
export async function sampleFeeds(model: Model, task: Task): Promise<Record<string, Tensor>> {
  const indices = new Int32Array(batchSizeOf(model, task, 1));
  return feedsOf(task.feeds, await task.splits.validation.read(indices));
}

/**
 * Makes models again whose files are gone or were damaged since they were measured. A stage is a pure function of what it is made from, so that
 * its figures stay true.
 */
export async function restoreModels(
  models: readonly Pick<ModelInfo, 'id' | 'file' | 'recipe'>[],
  baseline: ModelInfo,
  run: Run,
): Promise<void> {
  const { workspace, architecture } = run.request;
  for (const { id, recipe } of models) {
    if (await workspace.load(id)) continue;
    const teacher = architecture && (await storedModel(baseline, run));
    await run.runner.run(recipeRequest(run, recipe, nested(run.request, 'restore'), teacher));
  }
}

/** A measured model, from its written file. @throws EspalierError where the file is gone or damaged. */
export async function storedModel({ id, file }: Pick<ModelInfo, 'id' | 'file'>, { request }: Run): Promise<Model> {
  const model = await request.workspace.load(id);
  if (model) return model;
  throw new EspalierError({
    what: `The file of a model that was made here is gone or damaged: ${file}`,
    where: request.workspace.name,
    fix: 'Put it back, or begin a new run in another folder.',
  });
}
