export { defaultCacheFolder } from './cache.js';
export { openDataset } from './open.js';
export type { OpenOptions } from './options.js';
