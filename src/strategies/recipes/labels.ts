import type { Recipe, Step, TechniqueRegistry } from '../../technique/index.js';
import { techniques } from '../techniques/table.js';

/** What a recipe does in a few words, e.g. "prune to 50% + int8 mse": the labels of its techniques, joined. */
export function recipeLabel(recipe: Recipe, registry: TechniqueRegistry = techniques): string {
  const steps = recipe.map((step) => stepLabel(step, registry).join(' '));
  return steps.filter((step) => step !== '').join(' + ') || 'original';
}

/** A step that another version made, with options that this one has not, is called by its name. */
function stepLabel({ technique: name, options }: Step, registry: TechniqueRegistry): readonly string[] {
  const technique = registry.find(name);
  const checked = technique?.schema.safeParse(options);
  return technique && checked?.success ? technique.label(checked.data) : [name];
}
