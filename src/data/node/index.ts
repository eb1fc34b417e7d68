export { openDataset } from './open.js';
export type { OpenOptions } from './options.js';
