export { classesOf, features, featuresOf } from './classes.js';
export { fitCosts, type TimedLayer } from './fit.js';
export { cpuModel } from './model.js';
export { type CpuCosts, type CpuProfile, cpuSchema } from './schema.js';
