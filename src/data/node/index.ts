export { CacheWriter, cacheFolder, cacheName, defaultCacheFolder, readDescription, readSamples } from './cache.js';
export { mapInOrder } from './decode.js';
export { openForReading, readAt, readContent } from './files.js';
export { checkUnreadable, type KeptPart, PartCollector, reviveTargets } from './kept.js';
export { type FilePart, layOutFiles, limited } from './layout.js';
export { openDataset, openSamples } from './open.js';
export type { OpenOptions } from './options.js';
export * from './readers/index.js';
export type { FileTree, TreeFile } from './tree.js';
