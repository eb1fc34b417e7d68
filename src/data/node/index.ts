export { defaultCacheFolder } from './cache.js';
export { type FilePart, layOutFiles } from './layout.js';
export { openDataset, openSamples } from './open.js';
export type { OpenOptions } from './options.js';
export * from './readers/index.js';
export type { FileTree, TreeFile } from './tree.js';
