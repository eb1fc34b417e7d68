import assert from 'node:assert/strict';
import {
  type Buffer,
  type Kernel,
  type Lowered,
  planMemory,
  type Statement,
  type StorageType,
} from '#dist/infrastructure/codegen/index.js';
import { type WasmModule, wasmModule } from '#dist/infrastructure/targets/wasm/index.js';
import { evaluate, type Memory } from './evaluate.js';

type Numbers = readonly number[] | readonly bigint[];

export const arrays = {
  f32: Float32Array,
  f64: Float64Array,
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  i4: Uint8Array,
  u4: Uint8Array,
  i2: Uint8Array,
  u2: Uint8Array,
} as const;

const dtypes = {
  f32: 'float32',
  f64: 'float64',
  i8: 'int8',
  u8: 'uint8',
  i16: 'int16',
  u16: 'uint16',
  i32: 'int32',
  u32: 'uint32',
} as const;

/** Buffers of a kernel under test, with the numbers of those that are read. */
export class Buffers {
  readonly memory: Memory = new Map();
  readonly #inputs: Buffer[] = [];
  readonly #outputs: Buffer[] = [];

  input(name: string, type: StorageType, values: Numbers): Buffer {
    const buffer: Buffer = { name, type, size: values.length, role: 'input' };
    this.memory.set(
      name,
      [...values].map((value) => (type === 'f32' ? Math.fround(Number(value)) : value)),
    );
    this.#inputs.push(buffer);
    return buffer;
  }

  constant(name: string, type: StorageType, values: readonly number[]): Buffer {
    const bits = Number(type.slice(1));
    this.memory.set(name, [...values]);
    const each = bits < 8 ? 8 / bits : 1;
    const contents = bits < 8 ? packed(values, bits, each) : values;
    return { name, type, size: values.length, role: 'constant', contents };
  }

  output(name: string, type: StorageType, size: number): Buffer {
    const buffer: Buffer = { name, type, size, role: 'output' };
    this.memory.set(name, new Array(size).fill(type.endsWith('64') && type !== 'f64' ? 0n : 0));
    this.#outputs.push(buffer);
    return buffer;
  }

  scratch(name: string, type: StorageType, size: number): Buffer {
    this.memory.set(name, new Array(size).fill(0));
    return { name, type, size, role: 'scratch' };
  }

  /** Runs a kernel as WebAssembly and by the evaluator, and compares outputs. @param ulps how far floats may differ, in units of the last place. */
  check(body: readonly Statement[], options: { ulps?: number } = {}): WasmModule {
    return this.checkAll([body], options);
  }

  /** As `check`, for several kernels that run one after the other. */
  checkAll(bodies: readonly (readonly Statement[])[], { ulps = 0 }: { ulps?: number } = {}): WasmModule {
    const kernels = bodies.map((body): Kernel => ({ title: 'test', kind: 'test', body, macs: 0, elements: 0 }));
    const module = moduleOf(this.#inputs, this.#outputs, kernels);
    const exports = instanceOf(module);
    for (const { port, address } of module.inputs) {
      viewOf(exports.memory, port.buffer, address).set(this.memory.get(port.buffer.name) as never);
    }
    exports.run();
    for (const kernel of kernels) evaluate(kernel, this.memory);
    for (const { port, address } of module.outputs) {
      const wanted = new arrays[port.buffer.type](this.memory.get(port.buffer.name) as never);
      compare(viewOf(exports.memory, port.buffer, address), wanted, ulps, port.name);
    }
    return module;
  }
}

export function moduleOf(inputs: readonly Buffer[], outputs: readonly Buffer[], kernels: readonly Kernel[]): WasmModule {
  const port = (buffer: Buffer) => ({
    name: buffer.name,
    dtype: dtypes[buffer.type as keyof typeof dtypes] ?? 'int64',
    shape: [buffer.size],
    buffer,
  });
  const lowered: Lowered = { kernels, inputs: inputs.map(port), outputs: outputs.map(port) };
  return wasmModule(lowered, planMemory(kernels));
}

/** WebAssembly as Node has it: its types are those of pages. */
const engine = (
  globalThis as unknown as {
    WebAssembly: { Module: new (bytes: Uint8Array) => object; Instance: new (module: object, imports: object) => { exports: unknown } };
  }
).WebAssembly;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  run(): void;
}

export function instanceOf({ bytes, imports }: WasmModule): Exports {
  const functions = Object.fromEntries(
    imports.map((name) => [name, name === 'fmod' ? (a: number, b: number) => a % b : (Math as never)[name]]),
  );
  return new engine.Instance(new engine.Module(bytes), { Math: functions }).exports as Exports;
}

function viewOf(memory: Exports['memory'], { type, size }: Buffer, address: number) {
  return new arrays[type](memory.buffer, address, size);
}

function compare(got: ArrayLike<number | bigint>, wanted: ArrayLike<number | bigint>, ulps: number, name: string): void {
  for (let i = 0; i < wanted.length; i++) {
    const [a, b] = [got[i], wanted[i]];
    if (Object.is(a, b) || (a === b && a !== undefined)) continue;
    const far = Math.abs(Number(a) - Number(b)) / (Math.abs(Number(b)) * 2 ** -23 || 2 ** -149);
    assert.ok(far <= ulps, `${name}[${i}] is ${a} instead of ${b}`);
  }
}

function packed(values: readonly number[], bits: number, each: number): number[] {
  const bytes = new Array(Math.ceil(values.length / each)).fill(0);
  values.forEach((value, i) => {
    bytes[Math.floor(i / each)] |= (value & (2 ** bits - 1)) << (bits * (i % each));
  });
  return bytes;
}
