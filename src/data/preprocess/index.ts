export { applyPreprocess, asNumbers } from './apply.js';
export { addPreparation, type Preparation, type Prepare } from './preparations.js';
export * from './spec.js';
export * from './statistics.js';
export * from './ways.js';
