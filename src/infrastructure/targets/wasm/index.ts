export { type LoaderOptions, loaderSource, loaderTypes } from './loader/loader.js';
export { type PlacedPort, type WasmModule, wasmModule } from './module.js';
export { wasmSchedule } from './schedule.js';
