import type { Activity } from '../../base/index.js';
import type { Model } from '../../onnx/index.js';
import type { Recipe } from '../../technique/index.js';
import { type KeptStage, type RecipeRequest, RecipeRunner, type Stage } from './runner.js';

/**
 * Makes models of a run by a recipe: every stage that has a file, in order.
 * @param teacher the trained baseline, where the original is not trained yet. @param watch see `RecipeRequest`.
 * @throws whatever a technique throws, and `watch`; earlier stages are kept.
 */
export type MakeModels = (recipe: Recipe, activity: Activity, teacher?: Model, watch?: RecipeRequest['watch']) => Promise<KeptStage[]>;

/** @param materials what all recipes of a run start from and use. */
export function modelMaker(materials: Omit<RecipeRequest, 'recipe' | 'activity' | 'teacher' | 'watch'>): MakeModels {
  const runner = new RecipeRunner();
  return async (recipe, activity, teacher, watch) => (await runner.run({ ...materials, recipe, activity, teacher, watch })).filter(isKept);
}

function isKept(stage: Stage): stage is KeptStage {
  return stage.file !== undefined;
}
