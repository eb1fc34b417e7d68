export { applyPreprocess } from './apply.js';
export * from './candidates.js';
export * from './spec.js';
export * from './statistics.js';
