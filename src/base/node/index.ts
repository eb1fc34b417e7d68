export * from './files.js';
export * from './json.js';
