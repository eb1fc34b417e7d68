export { applyPreprocess } from './apply.js';
export * from './spec.js';
export * from './statistics.js';
export * from './ways.js';
