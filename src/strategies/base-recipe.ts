import type { Recipe } from '../technique/index.js';
import type { PlanContext } from './strategy.js';

/** How an architecture becomes the baseline: built as asked for and trained on the task. */
export function baseRecipe({ name, width, depth, resolution }: NonNullable<PlanContext['architecture']>, epochs: number): Recipe {
  return [
    { technique: 'build', options: { architecture: name, width, depth, ...(resolution ? { resolution } : {}) } },
    { technique: 'train', options: { epochs } },
  ];
}
