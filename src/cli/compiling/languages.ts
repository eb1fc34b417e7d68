import { cSource } from '../../infrastructure/targets/c/index.js';
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

/** What `--target` takes. */
export const languages = {
  c({ lowered, plan }: LoweredFile, named: NamedAs): Written {
    const { name, source, header, parameters, arenaBytes } = cSource(lowered, plan, named);
    const upper = name.toUpperCase();
    const declared = [...parameters].map(([port, parameter]) => `${parameter}[${port.buffer.size}]`);
    return {
      files: [
        { name: `${name}.c`, contents: source },
        { name: `${name}.h`, contents: header },
      ],
      usage: [
        'Use it:',
        `  #include "${name}.h"`,
        ...(arenaBytes > 0 ? [`  static uint64_t arena[(${upper}_ARENA_BYTES + 7) / 8];`] : []),
        `  ${name}_run(${[...parameters.values()].join(', ')}, ${arenaBytes > 0 ? 'arena' : '0'});   /* ${declared.join(', ')} */`,
      ],
    };
  },
} as const;
