export { createNodeRuntime, type NodeRuntimeOptions } from './runtime.js';
