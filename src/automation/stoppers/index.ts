export { type HalvingOptions, halvingStopper } from './halving.js';
export { type HyperbandOptions, hyperbandStopper } from './hyperband.js';
export { type MedianOptions, medianStopper } from './median.js';
export { type PatienceOptions, patienceStopper } from './patience.js';
export type { Stopper } from './stopper.js';
export { type StopperUse, stoppers } from './table.js';
