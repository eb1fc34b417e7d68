import type { Activity } from '../../base/index.js';
import type { Model } from '../../onnx/index.js';
import type { Recipe } from '../../technique/index.js';
import { type KeptStage, type RecipeRequest, RecipeRunner, type Stage } from './runner.js';

/**
 * Makes models of a run by a recipe: every stage that has a file, in order.
 * @param teacher the trained baseline, where the original is not trained yet.
 * @throws whatever a technique throws; earlier stages are kept.
 */
export type MakeModels = (recipe: Recipe, activity: Activity, teacher?: Model) => Promise<KeptStage[]>;

/** @param materials what all recipes of a run start from and use. */
export function modelMaker(materials: Omit<RecipeRequest, 'recipe' | 'activity' | 'teacher'>): MakeModels {
  const runner = new RecipeRunner();
  return async (recipe, activity, teacher) => (await runner.run({ ...materials, recipe, activity, teacher })).filter(isKept);
}

function isKept(stage: Stage): stage is KeptStage {
  return stage.file !== undefined;
}
