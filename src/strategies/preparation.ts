import { architecture as familyOf } from '../architectures/index.js';
import type { Model } from '../onnx/index.js';
import { checkOptions, type TechniqueContext, type TechniqueRegistry } from '../technique/index.js';

/** A fresh model of a family as it wants to be before it is trained; most families want nothing. */
export async function prepareArchitecture(name: string, context: TechniqueContext, registry: TechniqueRegistry): Promise<Model> {
  let { model } = context;
  for (const { technique: wanted, options } of familyOf(name).preparation ?? []) {
    const technique = registry.get(wanted);
    model = (await technique.apply({ ...context, model }, checkOptions(technique, options))).model;
  }
  return model;
}
