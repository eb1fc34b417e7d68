import { usualAugmentation } from '../data/index.js';
import type { Recipe } from '../technique/index.js';
import type { PlanContext } from './strategy.js';

/** How an architecture becomes the baseline: built as asked for and trained on the task, on images that are shifted a little. */
export function baseRecipe({
  architecture,
  task,
  epochs,
}: Pick<PlanContext, 'task' | 'epochs'> & Required<Pick<PlanContext, 'architecture'>>): Recipe {
  const { name, width, depth, resolution } = architecture;
  return [
    { technique: 'build', options: { architecture: name, width, depth, ...(resolution ? { resolution } : {}) } },
    { technique: 'train', options: { epochs, augment: usualAugmentation(task.splits.train.inputs[0]) } },
  ];
}
