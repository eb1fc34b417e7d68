export { standardize } from './standardize.js';
export { whiten } from './whiten.js';
