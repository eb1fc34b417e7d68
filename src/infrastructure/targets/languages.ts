import { bytesOfStorage, type Lowered, type MemoryPlan, type Port, type Schedule } from '../codegen/index.js';
import { cSource } from './c/index.js';
import { loaderSource, loaderTypes, wasmModule, wasmSchedule } from './wasm/index.js';

/** A model as kernels, and where their memory lies. */
export interface Program {
  readonly lowered: Lowered;
  readonly plan: MemoryPlan;
  /** Whether its C is to be small rather than fast on processors without vectors. Default: false. */
  readonly small?: boolean;
}

export interface NamedAs {
  readonly name: string;
  /** The model's file, for the comment at the top. */
  readonly from: string;
}

/** What a model is compiled to. */
export interface Written {
  readonly files: readonly { readonly name: string; readonly contents: string | Uint8Array }[];
  /** How it is used, in a few lines. */
  readonly usage: readonly string[];
  /** Bytes of code and constants: what lies in flash, or is downloaded. The code of C is an estimate. */
  readonly flash: number;
  /** Bytes of memory, inputs and outputs included. */
  readonly ram: number;
}

/** A language that models are compiled to. */
export interface Language {
  readonly schedule: Partial<Schedule>;
  /** How its code is run to be checked. */
  readonly how: string;
  /** What `flash` of what is written counts, in words. */
  readonly counted: string;
  write(program: Program, named: NamedAs): Written;
}

const c: Language = {
  schedule: {},
  how: 'compiled by the C compiler of this machine and run',
  counted: 'flash; its code is an estimate',
  write({ lowered, plan, small }, named) {
    const { name, source, header, parameters, arenaBytes, constantBytes, codeBytes } = cSource(lowered, plan, { ...named, small });
    const declared = [...parameters].map(([port, parameter]) => `${parameter}[${port.buffer.size}]`);
    const hasArena = arenaBytes > 0;
    return {
      files: [
        { name: `${name}.c`, contents: source },
        { name: `${name}.h`, contents: header },
      ],
      flash: constantBytes + codeBytes,
      ram: arenaBytes + [...lowered.inputs, ...lowered.outputs].reduce((sum, port) => sum + bytesOf(port), 0),
      usage: [
        'Use it:',
        `  #include "${name}.h"`,
        ...(hasArena ? [`  static uint64_t arena[(${name.toUpperCase()}_ARENA_BYTES + 7) / 8];`] : []),
        `  ${name}_run(${[...parameters.values(), hasArena ? 'arena' : '0'].join(', ')});   /* ${declared.join(', ')} */`,
      ],
    };
  },
};

const wasm: Language = {
  schedule: wasmSchedule,
  how: 'run in Node',
  counted: 'module and loader',
  write({ lowered, plan }, { name: wanted, from }) {
    const name = fileName(wanted);
    const module = wasmModule(lowered, plan);
    const quoted = (port: string) => (/^[A-Za-z_$][\w$]*$/.test(port) ? port : JSON.stringify(port));
    const names = (ports: typeof lowered.inputs) => ports.map((port) => quoted(port.name)).join(', ');
    const loader = loaderSource(module, { file: `${name}.wasm`, from });
    return {
      flash: module.bytes.length + loader.length,
      ram: module.memoryBytes,
      files: [
        { name: `${name}.wasm`, contents: module.bytes },
        { name: `${name}.js`, contents: loader },
        { name: `${name}.d.ts`, contents: loaderTypes(module, { from }) },
      ],
      usage: [
        'Use it:',
        `  import { load } from './${name}.js';`,
        '  const model = await load();',
        `  const { ${names(lowered.outputs)} } = model.run({ ${names(lowered.inputs)} });`,
      ],
    };
  },
};

/** What `--target` takes. */
export const languages: Readonly<Record<LanguageName, Language>> = { c, wasm };
export type LanguageName = 'c' | 'wasm';

/** A name of a file, which is part of an address, too: letters, digits, and what does not lead elsewhere. */
function fileName(wanted: string): string {
  const plain = wanted.replace(/[^\p{L}\p{N}._-]+/gu, '_').replace(/^[._]+|_+$/g, '');
  return plain === '' ? 'model' : plain;
}

function bytesOf({ buffer }: Port): number {
  return bytesOfStorage(buffer.type, buffer.size);
}
