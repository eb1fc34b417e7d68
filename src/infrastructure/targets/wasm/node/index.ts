export { wasmTarget } from './target.js';
