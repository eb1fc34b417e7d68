import { architecture as familyOf } from '../../architectures/index.js';
import type { Model } from '../../onnx/index.js';
import { applyRecipe, type TechniqueContext, type TechniqueRegistry } from '../../technique/index.js';

/** A fresh model of a family as it wants to be before it is trained; most families want nothing. */
export async function prepareArchitecture(name: string, context: TechniqueContext, registry: TechniqueRegistry): Promise<Model> {
  const { model } = await applyRecipe(familyOf(name).preparation ?? [], context, registry);
  return model;
}
