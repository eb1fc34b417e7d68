export * from './eigen.js';
export * from './errors.js';
export * from './limits.js';
export * from './lookup.js';
export * from './progress.js';
export * from './quantities.js';
export * from './random.js';
export * from './shapes.js';
