export { type AdaroundResult, adaround, type Choice, type Roundable } from './adaround.js';
export { roundedOnGrids } from './on-grids.js';
