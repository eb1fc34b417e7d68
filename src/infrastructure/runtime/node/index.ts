export { createNodeRuntime, type NodeRuntimeOptions } from './runtime.js';
export { checkOnWeb, type WebCheck, type WebCheckOptions } from './web.js';
