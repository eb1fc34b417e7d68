export { applyRecipe } from './apply-recipe.js';
export { augmentationSchema } from './augmentation.js';
export * from './context.js';
export { percent, short, unless } from './label.js';
export { applyTechnique, needs, requireNoData, waysWithout } from './needs.js';
export { choicesOf, type OptionInfo, optionsOf } from './options.js';
export { TechniqueRegistry } from './registry.js';
export { betterTeacher } from './teacher.js';
export * from './technique.js';
