import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Lowered, type Port, planMemory } from '#dist/infrastructure/codegen/index.js';
import { cSource } from '#dist/infrastructure/targets/c/index.js';
import { bytesOfPort, outputsIn } from '../ports.js';

const run = promisify(execFile);
const here = resolve('tests/support/microcontroller');

/** Emulated boards, by their core. `outer` is the section of the linker script that lies in the board's memory of 16 MB outside the chip. */
export const cores = {
  'cortex-m4': { machine: 'mps2-an386', outer: '.outer386', flags: ['-mcpu=cortex-m4', '-mfpu=fpv4-sp-d16', '-mfloat-abi=hard'] },
  'cortex-m7': { machine: 'mps2-an500', outer: '.outer500', flags: ['-mcpu=cortex-m7', '-mfpu=fpv5-d16', '-mfloat-abi=hard'] },
} as const;
export type Core = keyof typeof cores;

const MEGABYTE = 2 ** 20;
/** What a board holds: code and constants; tensors in its inner memory, beside the stack; tensors in its outer memory. */
export const boardBytes = { flash: 4 * MEGABYTE, inner: 3.5 * MEGABYTE, outer: 16 * MEGABYTE };

/** Bytes of a model's arena, inputs and outputs. */
export function tensorBytes({ kernels, inputs, outputs }: Lowered): number {
  return planMemory(kernels).bytes + [...inputs, ...outputs].reduce((sum, port) => sum + bytesOfPort(port), 0);
}

/** Why nothing can be emulated; false where it can. */
export function withoutEmulator(): false | string {
  const missing = ['arm-none-eabi-gcc', 'qemu-system-arm'].filter((program) => spawnSync(program, ['--version']).status !== 0);
  return missing.length === 0 ? false : `${missing.join(' and ')} not installed`;
}

export interface EmulatedRun {
  readonly outputs: Uint8Array[];
  /** Instructions of one run, to about 40 and up to 670 million: QEMU counts instructions, not cycles. */
  readonly instructions: number;
}

export interface Emulation {
  readonly core: Core;
  readonly folder: string;
  readonly optimize?: string;
  /** Where the arena, inputs and outputs lie. Default: in the inner memory where they fit. */
  readonly memory?: 'inner' | 'outer';
  /** Whether instructions are counted, which takes time. Default: yes; without, they are 0. */
  readonly counts?: boolean;
}

/** Compiles a model for a core, every warning an error, and runs it on the emulated board. @throws where the board is too small: the linker says by how much. */
export async function runEmulated(
  lowered: Lowered,
  inputs: readonly Uint8Array[],
  { core, folder, optimize = '-Os', counts = true, ...where }: Emulation,
): Promise<EmulatedRun> {
  mkdirSync(folder, { recursive: true });
  const { machine, flags, outer } = cores[core];
  const memory = where.memory ?? (tensorBytes(lowered) > boardBytes.inner ? 'outer' : 'inner');
  const { source, header } = cSource(lowered, planMemory(lowered.kernels), { name: 'model' });
  writeFileSync(join(folder, 'model.c'), source);
  writeFileSync(join(folder, 'model.h'), header);
  writeFileSync(join(folder, 'main.c'), mainOf(lowered, memory === 'outer' ? outer : '.bss'));
  writeFileSync(join(folder, 'in.bin'), Buffer.concat(inputs));
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
  const emulated = ['-machine', machine, '-nographic', '-monitor', 'none', '-serial', 'none', '-kernel', 'model.elf'];
  const counted = counts ? ['-icount', 'shift=0'] : [];
  await run('qemu-system-arm', [...emulated, ...counted, '-semihosting-config', 'enable=on,target=native'], { cwd: folder });
  const out = readFileSync(join(folder, 'out.bin'));
  return { outputs: outputsIn(lowered, new Uint8Array(out), 4), instructions: counts ? out.readUInt32LE(0) * 40 : 0 };
}

/** @param section where tensors lie. Sections but .bss are not zero at start, which a program must bear: an arena is memory that nobody has set. */
function mainOf({ inputs, outputs }: Lowered, section: string): string {
  const ports = [...inputs, ...outputs];
  const place = section === '.bss' ? '' : `__attribute__((section("${section}"))) `;
  const memory = (port: Port, each: number) => `${place}static uint64_t p${each}[${Math.ceil(bytesOfPort(port) / 8) || 1}];`;
  const parameters = [...ports.map((_, each) => `(void *)p${each}`), 'arena'];
  return [
    '#include "model.h"',
    '#include "start.h"',
    `${place}static uint64_t arena[(MODEL_ARENA_BYTES + 15) / 8];`,
    ...ports.map(memory),
    'int main(void) {',
    '  const int32_t in = file_open("in.bin", 6, 1), out = file_open("out.bin", 7, 5);',
    '  if (in < 0 || out < 0) return 1;',
    ...inputs.map((port, each) => `  if (file_read(in, p${each}, ${bytesOfPort(port)}) != 0) return 2;`),
    '  ticks_begin();',
    `  model_run(${parameters.join(', ')});`,
    '  const uint32_t taken = ticks();',
    '  file_write(out, &taken, 4);',
    ...outputs.map((port, each) => `  file_write(out, p${each + inputs.length}, ${bytesOfPort(port)});`),
    '  return 0;',
    '}',
    '',
  ].join('\n');
}
