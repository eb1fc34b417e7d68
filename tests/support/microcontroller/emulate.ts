import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { bytesOfStorage, type Lowered, type Port, planMemory } from '#dist/infrastructure/codegen/index.js';
import { cSource } from '#dist/infrastructure/targets/c/index.js';

const run = promisify(execFile);
const here = resolve('tests/support/microcontroller');

/** Emulated boards, by their core. */
export const cores = {
  'cortex-m4': { machine: 'mps2-an386', flags: ['-mcpu=cortex-m4', '-mfpu=fpv4-sp-d16', '-mfloat-abi=hard'] },
  'cortex-m7': { machine: 'mps2-an500', flags: ['-mcpu=cortex-m7', '-mfpu=fpv5-d16', '-mfloat-abi=hard'] },
} as const;
export type Core = keyof typeof cores;

/** Why nothing can be emulated; false where it can. */
export function withoutEmulator(): false | string {
  const missing = ['arm-none-eabi-gcc', 'qemu-system-arm'].filter((program) => spawnSync(program, ['--version']).status !== 0);
  return missing.length === 0 ? false : `${missing.join(' and ')} not installed`;
}

export interface EmulatedRun {
  readonly outputs: Uint8Array[];
  /** Instructions of one run, to about 40: QEMU counts instructions, not cycles. */
  readonly instructions: number;
}

/** Compiles a model for a core, every warning an error, and runs it on the emulated board. */
export async function runEmulated(
  lowered: Lowered,
  inputs: readonly Uint8Array[],
  { core, folder, optimize = '-Os' }: { core: Core; folder: string; optimize?: string },
): Promise<EmulatedRun> {
  mkdirSync(folder, { recursive: true });
  const { source, header } = cSource(lowered, planMemory(lowered.kernels), { name: 'model' });
  writeFileSync(join(folder, 'model.c'), source);
  writeFileSync(join(folder, 'model.h'), header);
  writeFileSync(join(folder, 'main.c'), mainOf(lowered));
  writeFileSync(join(folder, 'in.bin'), Buffer.concat(inputs));
  const { machine, flags } = cores[core];
  const common = ['-std=c99', optimize, '-mthumb', ...flags, '-Wall', '-Wextra', '-I', here];
  await run('arm-none-eabi-gcc', [...common, '-Wconversion', '-Werror', '-c', 'model.c'], { cwd: folder });
  const linked = [
    'main.c',
    join(here, 'start.c'),
    'model.o',
    '-nostartfiles',
    '-T',
    join(here, 'mps2.ld'),
    '--specs=nosys.specs',
    '-lm',
    '-o',
    'model.elf',
  ];
  await run('arm-none-eabi-gcc', ['-std=gnu99', ...common.slice(1), ...linked], { cwd: folder });
  const emulated = ['-machine', machine, '-nographic', '-monitor', 'none', '-serial', 'none', '-icount', 'shift=0', '-kernel', 'model.elf'];
  await run('qemu-system-arm', [...emulated, '-semihosting-config', 'enable=on,target=native'], { cwd: folder });
  const out = readFileSync(join(folder, 'out.bin'));
  let at = 4;
  const outputs = lowered.outputs.map((port) => {
    const from = at;
    at += bytesOf(port);
    return new Uint8Array(out.subarray(from, at));
  });
  return { outputs, instructions: out.readUInt32LE(0) * 40 };
}

function mainOf({ inputs, outputs }: Lowered): string {
  const ports = [...inputs, ...outputs];
  const memory = (port: Port, each: number) => `static uint64_t p${each}[${Math.ceil(bytesOf(port) / 8) || 1}];`;
  const parameters = [...ports.map((_, each) => `(void *)p${each}`), 'arena'];
  return [
    '#include "model.h"',
    '#include "start.h"',
    'static uint64_t arena[(MODEL_ARENA_BYTES + 15) / 8];',
    ...ports.map(memory),
    'int main(void) {',
    '  const int32_t in = file_open("in.bin", 6, 1), out = file_open("out.bin", 7, 5);',
    '  if (in < 0 || out < 0) return 1;',
    ...inputs.map((port, each) => `  if (file_read(in, p${each}, ${bytesOf(port)}) != 0) return 2;`),
    '  ticks_begin();',
    `  model_run(${parameters.join(', ')});`,
    '  const uint32_t taken = ticks();',
    '  file_write(out, &taken, 4);',
    ...outputs.map((port, each) => `  file_write(out, p${each + inputs.length}, ${bytesOf(port)});`),
    '  return 0;',
    '}',
    '',
  ].join('\n');
}

function bytesOf({ buffer }: Port): number {
  return bytesOfStorage(buffer.type, buffer.size);
}
