export { buildNative, compilerOf, FLAGS, type NativeModel } from './build.js';
export { cTarget } from './target.js';
