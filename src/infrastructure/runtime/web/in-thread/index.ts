export { createInThreadRuntime, type InThreadOptions } from './runtime.js';
