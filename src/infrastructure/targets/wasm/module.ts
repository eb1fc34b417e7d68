import { type Buffer, type Kernel, type Lowered, type MemoryPlan, type Port, readsOf, writesOf } from '../../codegen/index.js';
import { FunctionBody, ModuleBuilder } from './assembler/index.js';
import { type Base, KernelWriter } from './kernel/index.js';
import { bytesOf, layoutOf } from './layout.js';
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

/** Writes a program as a module. Kernels of one structure are one function, called with the addresses of what they read and write. */
export function wasmModule(lowered: Lowered, plan: MemoryPlan): WasmModule {
  const layout = layoutOf(lowered, plan);
  const imports = importsOf(plan.kernels);
  const module = new ModuleBuilder(imports);
  const functions = new FunctionTable(module, imports);
  const { addressOf } = layout;
  const write = (kernel: Kernel, parameters: readonly Buffer[], baseOf: (buffer: Buffer) => Base): FunctionBody => {
    const body = new FunctionBody(parameters.map(() => 'i32' as const));
    new KernelWriter(body, { functions, baseOf, placeOf: addressOf }).write(kernel.body);
    return body;
  };
  const shared = plan.kernels.map((kernel) => {
    const buffers = [...new Map([...readsOf(kernel.body), ...writesOf(kernel.body)].map((buffer) => [addressOf(buffer), buffer])).values()];
    const places = new Map(buffers.map((buffer, place) => [addressOf(buffer), place]));
    const body = write(kernel, buffers, (buffer) => ({ parameter: places.get(addressOf(buffer)) ?? Number.NaN }));
    return { kernel, buffers, body, key: body.bytes().join() };
  });
  const run = new FunctionBody([]);
  const known = new Map<string, number>();
  for (const { kernel, buffers, body, key } of shared) {
    const isAlone = shared.filter((other) => other.key === key).length === 1;
    if (isAlone) {
      // Addresses that are known cost no parameters, and pointers to several buffers are one.
      const alone = write(kernel, [], (buffer) => ({ address: addressOf(buffer) }));
      run.code.op('call', module.add(alone, alone.bytes()));
      continue;
    }
    const index = known.get(key) ?? module.add(body, body.bytes());
    known.set(key, index);
    for (const buffer of buffers) run.code.i32(addressOf(buffer));
    run.code.op('call', index);
  }
  module.exportFunction('run', module.add(run, run.bytes()));
  module.exportMemory('memory');
  for (const buffer of layout.constants) module.data(addressOf(buffer), bytesOf(buffer));
  const placed = (port: Port): PlacedPort => ({ port, address: addressOf(port.buffer) });
  return {
    bytes: module.bytes(layout.bytes),
    inputs: lowered.inputs.map(placed),
    outputs: lowered.outputs.map(placed),
    imports: imports.map(({ name }) => name),
    memoryBytes: layout.bytes,
  };
}
