export { memoryQueue } from './memory.js';
export type * from './queue.js';
export { nobodyWaits, UNWANTED, unlessAborted } from './unwanted.js';
