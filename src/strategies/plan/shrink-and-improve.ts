import type { Options } from '../../technique/index.js';
import { onlySizeLimited } from '../criteria/limits.js';
import { baseRecipe } from '../recipes/base.js';
import { compose } from './compose/compose.js';
import type { Plan, PlanContext, Strategy } from './strategy.js';

/**
 * Shrink-and-improve (Menghani 2021, section 5): keep the quality and cut the footprint. The model is shrunk by the techniques that shrink, and what
 * quality that costs is won back by their tuning, with distillation from the original. A model that cannot be trained goes without tuning.
 */
export const shrinkAndImprove: Strategy = {
  name: 'shrink-and-improve',
  summary: 'Keeps the quality and cuts the footprint: prune, tune with distillation from the original, quantize.',
  plan,
};

function plan({ epochs: usual, architecture, task, original, registry, untrainable, limits }: PlanContext): Plan {
  // Without a limit on the size every trial counts, and quicker ones are wanted, too.
  const scope = { trainable: untrainable === undefined, sizeOnly: limits.maxSize !== undefined && onlySizeLimited(limits) };
  const { space, first, steps } = compose({ registry, model: original, task, scope, effects: ['shrink'] });
  return {
    space,
    initialPoints: first,
    recipe: (point, epochs = usual) => [
      ...(architecture ? baseRecipe(architecture, task, epochs) : []),
      ...steps(point, ({ needs: { training = 1 } }): Options => ({ epochs: Math.max(1, Math.ceil(training * epochs)) })),
    ],
    remarks:
      untrainable === undefined ? [] : [`The model cannot be trained, so that only techniques without training were tried: ${untrainable}`],
  };
}
