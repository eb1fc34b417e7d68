export { addGradients, type GradientRequest } from './gradients.js';
export { type Prepared, type PrepareOptions, prepare } from './prepare.js';
export { sumToShape } from './reduce.js';
