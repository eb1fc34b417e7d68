import type { Lowered, MemoryPlan, Port } from '../../codegen/index.js';
import { bytesOfConstant } from '../constants.js';
import { FunctionBody, ModuleBuilder } from './assembler/index.js';
import { KernelWriter } from './kernel/index.js';
import { layoutOf } from './layout.js';
import { FunctionTable, importsOf } from './math/index.js';

/** An input or output of a module, and where in its memory it lies. */
export interface PlacedPort {
  readonly port: Port;
  readonly address: number;
}

/** A model as a WebAssembly module: it exports its `memory`, and `run`, which computes the outputs there from the inputs there. */
export interface WasmModule {
  readonly bytes: Uint8Array;
  readonly inputs: readonly PlacedPort[];
  readonly outputs: readonly PlacedPort[];
  /** Functions of JavaScript's Math that it imports; `fmod` is the remainder. */
  readonly imports: readonly string[];
  /** Bytes of its memory that are used. */
  readonly memoryBytes: number;
}

export interface ModuleOptions {
  /** For measuring: each kernel is exported, too, as "kernel_PLACE". */
  readonly probed?: boolean;
}

/**
 * Writes a program as a module. Each kernel is a function that knows the addresses of what it reads and writes: one function for kernels of equal
 * structure, called with addresses, is up to a seventh slower, and the module no smaller after Brotli.
 */
export function wasmModule(lowered: Lowered, plan: MemoryPlan, { probed = false }: ModuleOptions = {}): WasmModule {
  const layout = layoutOf(lowered, plan);
  const imports = importsOf(plan.kernels);
  const module = new ModuleBuilder(imports);
  const functions = new FunctionTable(module, imports);
  const { addressOf } = layout;
  const run = new FunctionBody([]);
  plan.kernels.forEach(({ body }, place) => {
    const kernel = new FunctionBody([]);
    new KernelWriter(kernel, functions, addressOf).write(body);
    const added = module.add(kernel, kernel.bytes());
    run.code.op('call', added);
    if (probed) module.exportFunction(`kernel_${place}`, added);
  });
  module.exportFunction('run', module.add(run, run.bytes()));
  module.exportMemory('memory');
  for (const buffer of layout.constants) module.data(addressOf(buffer), bytesOfConstant(buffer));
  const placed = (port: Port): PlacedPort => ({ port, address: addressOf(port.buffer) });
  return {
    bytes: module.bytes(layout.bytes),
    inputs: lowered.inputs.map(placed),
    outputs: lowered.outputs.map(placed),
    imports: imports.map(({ name }) => name),
    memoryBytes: layout.bytes,
  };
}
