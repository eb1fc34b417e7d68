export { distinct } from './distinct.js';
export { type GpOptions, gpSampler } from './gp/gp.js';
export { type GridOptions, gridSampler } from './grid.js';
export { quasiRandomSampler } from './halton.js';
export { randomSampler } from './random.js';
export type { Sampler } from './sampler.js';
export { samplers } from './table.js';
export { type TpeOptions, tpeSampler } from './tpe/tpe.js';
