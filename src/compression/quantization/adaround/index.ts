export { type AdaroundResult, adaround, type Roundable } from './adaround.js';
export { roundedOnGrids } from './on-grids.js';
