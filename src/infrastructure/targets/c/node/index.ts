export { nativeRunner } from './build.js';
