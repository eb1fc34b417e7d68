export { memoryQueue } from './memory.js';
export type * from './queue.js';
