export { createWebRuntime, type WebRuntimeOptions } from './runtime.js';
