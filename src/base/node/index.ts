export * from './cache.js';
export * from './files.js';
export * from './folders.js';
export * from './json.js';
