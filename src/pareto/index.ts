export { crowdingDistances } from './crowding.js';
export { checkDirections, type Direction, type Objectives } from './direction.js';
export { dominates } from './dominance.js';
export { hypervolume, hypervolumeContributions, hypervolumeSubset } from './hypervolume.js';
export { kneePoint } from './knee.js';
export { type FrontOptions, front, fronts, nonDominatedRanks } from './sorting.js';
