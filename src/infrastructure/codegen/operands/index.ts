export { likeSources, materialize, storageOrder } from './materialize.js';
export { type StoredRows, storedRows } from './matrix.js';
export * from './operand.js';
export { operationsOf, sharing } from './sharing.js';
