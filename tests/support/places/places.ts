import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { formatBytes } from 'espalier/base';
import { type Lowered, planMemory, type Schedule } from '#dist/infrastructure/codegen/index.js';
import { loaderSource, wasmModule, wasmSchedule } from '#dist/infrastructure/targets/wasm/index.js';
import { skipWithoutChromium } from '../browser/index.js';
import { boardBytes, type Core, runEmulated, tensorBytes, withoutEmulator } from '../microcontroller/emulate.js';
import { buildNative, CHECKED_OPTIMIZED, runNative, withoutCompiler } from '../native.js';
import { outputsIn } from '../ports.js';
import { type Answer, type Feed, runInChromium } from './chromium.js';

/** Where compiled models run. */
export interface Place {
  readonly name: string;
  /** How models are lowered for it. */
  readonly schedule: Partial<Schedule>;
  /** What is not installed on this machine; false where nothing is missing. */
  readonly missing: false | string;
  /** Why a program cannot run there; undefined where it can. */
  tooLarge(lowered: Lowered): string | undefined;
  /** Runs a program once. @param folder of its own, for what is written. @returns bytes of the outputs. @throws with what the compiler or the place says. */
  run(lowered: Lowered, inputs: readonly Uint8Array[], folder: string): Promise<Uint8Array[]>;
}

const native: Place = {
  name: 'native, sanitizers',
  schedule: {},
  missing: withoutCompiler(),
  tooLarge: () => undefined,
  async run(lowered, inputs, folder) {
    const program = await buildNative([lowered], folder, CHECKED_OPTIMIZED);
    for (const message of program.rejected.values()) throw new Error(message);
    return runNative(program, 0, lowered, inputs);
  },
};

function board(name: string, core: Core): Place {
  return {
    name,
    schedule: {},
    missing: withoutEmulator(),
    tooLarge(lowered) {
      const needed = tensorBytes(lowered);
      return needed > boardBytes.outer ? `${formatBytes(needed)} of RAM, of ${formatBytes(boardBytes.outer)} on the boards` : undefined;
    },
    run: async (lowered, inputs, folder) => (await runEmulated(lowered, inputs, { core, folder, counts: false })).outputs,
  };
}

const wasm = { schedule: wasmSchedule, tooLarge: () => undefined };

const node: Place = {
  ...wasm,
  name: 'WebAssembly, Node',
  missing: false,
  async run(lowered, inputs, folder) {
    const { feeds, names } = writeModule(lowered, inputs, folder);
    const { load } = (await import(pathToFileURL(join(folder, 'model.js')).href)) as { load(): Promise<{ run(feeds: object): Answer }> };
    const answer = (await load()).run(Object.fromEntries(feeds.map(({ name, elements }) => [name, elements])));
    return names.map((name) => bytesOf(answer[name]));
  },
};

const chromium: Place = {
  ...wasm,
  name: 'WebAssembly, Chromium',
  missing: skipWithoutChromium,
  async run(lowered, inputs, folder) {
    const { feeds, names } = writeModule(lowered, inputs, folder);
    return outputsIn(lowered, await runInChromium(folder, feeds, names));
  },
};

/** All places, in the order in which tables show them. */
export const places: readonly Place[] = [native, board('Cortex-M4', 'cortex-m4'), board('Cortex-M7', 'cortex-m7'), node, chromium];

/** Writes model.wasm and its loader, as `compile` does. */
function writeModule(lowered: Lowered, inputs: readonly Uint8Array[], folder: string): { feeds: Feed[]; names: string[] } {
  const module = wasmModule(lowered, planMemory(lowered.kernels));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.wasm'), module.bytes);
  writeFileSync(join(folder, 'model.js'), loaderSource(module, { file: 'model.wasm' }));
  const feeds = lowered.inputs.map(({ name, buffer }, each) => ({ name, elements: elementsOf(buffer.type, inputs[each]) }));
  return { feeds, names: lowered.outputs.map(({ name }) => name) };
}

const arrays = {
  ...{ f32: Float32Array, f64: Float64Array, i8: Int8Array, u8: Uint8Array, i16: Int16Array, u16: Uint16Array },
  ...{ i32: Int32Array, u32: Uint32Array, i64: BigInt64Array, u64: BigUint64Array },
  ...{ i4: Uint8Array, u4: Uint8Array, i2: Uint8Array, u2: Uint8Array },
} as const;

function elementsOf(type: keyof typeof arrays, bytes: Uint8Array): Feed['elements'] {
  return new arrays[type](bytes.slice().buffer);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
