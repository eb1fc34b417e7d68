import type { Runtime } from 'espalier/infrastructure/runtime';
import type { Model } from 'espalier/onnx';
import { type Lowered, lowerGraph, planMemory, prepare } from '#dist/infrastructure/codegen/index.js';
import { type WasmModule, wasmModule, wasmSchedule } from '#dist/infrastructure/targets/wasm/index.js';

export interface Compiled {
  readonly lowered: Lowered;
  readonly module: WasmModule;
}

export async function compiled(model: Model, runtime: Runtime): Promise<Compiled> {
  const lowered = lowerGraph(await prepare(model, { runtime }), wasmSchedule);
  return { lowered, module: wasmModule(lowered, planMemory(lowered.kernels)) };
}
