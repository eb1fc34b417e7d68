export { createNodeRuntime, type NodeRuntimeOptions } from './runtime.js';
export { checkOnWeb, runOnWeb, type WebCheck, type WebCheckOptions, type WebRun } from './web.js';
