import type { Schedule } from '../../infrastructure/codegen/index.js';
import { cSource } from '../../infrastructure/targets/c/index.js';
import { loaderSource, loaderTypes, wasmModule, wasmSchedule } from '../../infrastructure/targets/wasm/index.js';
import type { LoweredFile } from './lower.js';

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
}

/** A language that models are compiled to. */
export interface Language {
  readonly schedule: Partial<Schedule>;
  /** How its code is run to be checked. */
  readonly how: string;
  write(file: LoweredFile, named: NamedAs): Written;
}

const c: Language = {
  schedule: {},
  how: 'compiled by the C compiler of this machine and run',
  write({ lowered, plan }, named) {
    const { name, source, header, parameters, arenaBytes } = cSource(lowered, plan, named);
    const declared = [...parameters].map(([port, parameter]) => `${parameter}[${port.buffer.size}]`);
    const hasArena = arenaBytes > 0;
    return {
      files: [
        { name: `${name}.c`, contents: source },
        { name: `${name}.h`, contents: header },
      ],
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
  write({ lowered, plan }, { name, from }) {
    const module = wasmModule(lowered, plan);
    const quoted = (port: string) => (/^[A-Za-z_$][\w$]*$/.test(port) ? port : JSON.stringify(port));
    const names = (ports: typeof lowered.inputs) => ports.map((port) => quoted(port.name)).join(', ');
    return {
      files: [
        { name: `${name}.wasm`, contents: module.bytes },
        { name: `${name}.js`, contents: loaderSource(module, { file: `${name}.wasm`, from }) },
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
export const languages: Readonly<Record<'c' | 'wasm', Language>> = { c, wasm };
