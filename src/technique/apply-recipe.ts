import { nested } from '../base/index.js';
import type { Model } from '../onnx/index.js';
import type { Feed } from '../training/index.js';
import type { TechniqueContext, TechniqueNotes, TechniqueResult } from './context.js';
import { applyTechnique } from './needs.js';
import type { TechniqueRegistry } from './registry.js';
import type { Recipe } from './technique.js';

/**
 * Applies the steps of a recipe one after the other, each to what the one before made. Steps keep their checkpoints apart.
 * @param context of the first step.
 * @returns the last model, what each step had to say, and what is fed to it where a step changed that.
 */
export async function applyRecipe(
  recipe: Recipe,
  context: TechniqueContext,
  registry: TechniqueRegistry,
): Promise<{ model: Model; notes: TechniqueNotes[] } & Pick<TechniqueResult, 'feeds' | 'mended'>> {
  const { checkpoints } = context;
  let { model, task } = context;
  let feeds: readonly Feed[] | undefined;
  let mended: TechniqueResult['mended'];
  const notes: TechniqueNotes[] = [];
  for (const [index, step] of recipe.entries()) {
    const technique = registry.get(step.technique);
    const own = checkpoints && {
      load: (name: string) => checkpoints.load(`${index}-${name}`),
      save: (name: string, checkpoint: Parameters<typeof checkpoints.save>[1]) => checkpoints.save(`${index}-${name}`, checkpoint),
    };
    const stepContext = { ...context, ...nested(context, technique.name), model, task, checkpoints: own };
    const result = await applyTechnique(technique, stepContext, step.options);
    model = result.model;
    feeds = result.feeds ?? feeds;
    if (feeds && task) task = { ...task, feeds };
    notes.push(result.notes);
    // What a step of several makes is judged after the last one only.
    if (recipe.length === 1) mended = result.mended;
  }
  return { model, notes, ...(feeds && { feeds }), ...(mended && { mended }) };
}
