export { minify, minifyModel } from './minify.js';
