export { type PlacedPort, type WasmModule, wasmModule } from './module.js';
