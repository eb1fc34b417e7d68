export { type CSource, cSource, type SourceOptions } from './source.js';
