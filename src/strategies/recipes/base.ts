import { architecture as familyOf } from '../../architectures/index.js';
import { usualAugmentation } from '../../modalities/index.js';
import type { Options, Recipe } from '../../technique/index.js';
import type { PlanContext } from '../plan/strategy.js';

/** How an architecture becomes the baseline: built as asked for and trained on the task, on images that are shifted a little. */
export function baseRecipe({
  architecture,
  task,
  epochs,
}: Pick<PlanContext, 'task' | 'epochs'> & Required<Pick<PlanContext, 'architecture'>>): Recipe {
  const { name, width, depth, resolution } = architecture;
  const augment = usualAugmentation(task.splits.train.inputs[0]);
  return trainingRecipe({ name, width, depth, resolution }, { technique: 'train', options: { epochs, augment } });
}

/** A model of a family, built, prepared and trained in the way that suits the family. */
export function trainingRecipe(
  { name, ...scale }: { name: string; width: number; depth: number; resolution?: number },
  training: { technique: 'train' | 'distill'; options: Options },
): Recipe {
  const { preparation = [], training: suits = {} } = familyOf(name);
  const { resolution, ...sizes } = scale;
  const build = { technique: 'build', options: { architecture: name, ...sizes, ...(resolution ? { resolution } : {}) } };
  return [build, ...preparation, { ...training, options: { ...suits, ...training.options } }];
}
