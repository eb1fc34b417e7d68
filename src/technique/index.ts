export { applyRecipe } from './apply-recipe.js';
export { betterTeacher } from './teacher.js';
export * from './technique.js';
