export type { HostServices } from './candidates.js';
export { card, warnings } from './front.js';
export { growImproveShrink } from './grow-improve-shrink.js';
export * from './info.js';
export { type OptimizeOptions, type OptimizeRequest, optimize, whyUntrainable } from './optimize.js';
export { RecipeRunner, recipeLabel, stageId } from './recipes.js';
export { shrinkAndImprove } from './shrink-and-improve.js';
export type { Plan, PlanContext, Strategy } from './strategy.js';
export type { Workspace } from './workspace.js';
