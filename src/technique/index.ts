export { applyRecipe } from './apply-recipe.js';
export { augmentationSchema } from './augmentation.js';
export { betterTeacher } from './teacher.js';
export * from './technique.js';
