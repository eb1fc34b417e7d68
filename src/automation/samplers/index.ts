export { distinct } from './distinct.js';
export { type GridOptions, gridSampler } from './grid.js';
export { quasiRandomSampler } from './halton.js';
export { randomSampler } from './random.js';
export type { Sampler } from './sampler.js';
export { type TpeOptions, tpeSampler } from './tpe/tpe.js';
