export { addGradients, type GradientRequest } from './gradients.js';
export { type Prepared, type PrepareOptions, prepare } from './prepare.js';
export { type Recomputation, recompute } from './recompute/index.js';
export { sumToShape } from './reduce.js';
