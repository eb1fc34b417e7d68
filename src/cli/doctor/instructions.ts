import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Instruction sets that ONNX Runtime has kernels for, by the names that Linux (and, in lower case, macOS) has for them. */
const SETS: readonly (readonly [name: string, flag: RegExp])[] = [
  ['SSE4.1', /^sse4[_.]1$/],
  ['AVX', /^avx(1\.0)?$/],
  ['F16C', /^f16c$/],
  ['FMA', /^fma$/],
  ['AVX2', /^avx2$/],
  ['AVX-512', /^avx512f$/],
  ['AVX-512 VNNI', /^avx512_?vnni$/],
  ['AVX-VNNI', /^avx_vnni$/],
  ['AMX-int8', /^amx_int8$/],
  ['NEON', /^(asimd|hw\.optional\.neon|hw\.optional\.arm\.advsimd)$/],
  ['dot product', /^(asimddp|hw\.optional\.arm\.feat_dotprod)$/],
  ['int8 matrices', /^(i8mm|hw\.optional\.arm\.feat_i8mm)$/],
  ['SVE', /^sve$/],
];

/** What this processor offers of them; undefined where the system does not tell. */
export function instructionSets(): string[] | undefined {
  const flags = process.platform === 'linux' ? linuxFlags() : process.platform === 'darwin' ? macFlags() : undefined;
  return flags && namesOf(flags);
}

/** @param flags as the system names them, in lower case. */
export function namesOf(flags: readonly string[]): string[] {
  return SETS.filter(([, pattern]) => flags.some((flag) => pattern.test(flag))).map(([name]) => name);
}

function linuxFlags(): string[] | undefined {
  try {
    const [, flags] = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8')) ?? [];
    return flags?.toLowerCase().split(' ');
  } catch {
    return undefined;
  }
}

function macFlags(): string[] | undefined {
  const { status, stdout } = spawnSync('sysctl', ['-a'], { encoding: 'utf8', maxBuffer: 2 ** 24 });
  if (status !== 0) return undefined;
  return stdout
    .toLowerCase()
    .split('\n')
    .flatMap((line) => {
      const [, name, value] = /^(\S+): (.*)$/.exec(line) ?? [];
      if (name?.startsWith('machdep.cpu.') && name.endsWith('features')) return value.split(' ');
      return value === '1' && name?.startsWith('hw.optional.') ? [name] : [];
    });
}
