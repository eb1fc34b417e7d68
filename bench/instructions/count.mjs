// Counts the instructions of small kernels on an emulated core, one by one, and what kinds of instructions they are:
//   node bench/instructions/count.mjs [kind ...]      writes bench/instructions/kernels.json: of the kinds named, else of all
// Needs gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm (Debian). The emulator says which instruction runs, not how long it takes.
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { kindOf } from './kinds.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'instructions-'));

/** Instruction sets, with the flags that ask for them. Thumb code of the smaller one runs on the larger core as it is. */
const SETS = {
  'armv7e-m': ['-mcpu=cortex-m4', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16'],
  'armv6-m': ['-mcpu=cortex-m0plus', '-mfloat-abi=soft'],
};

/** Kind of layer -> sizes [size, channels, filters, kernel]. */
const KINDS = {
  convolution: [
    [4, 2, 2, 3],
    [5, 4, 3, 3],
    [3, 3, 4, 5],
    [2, 6, 3, 7],
    [8, 3, 2, 2],
  ],
  pointwise: [
    [4, 4, 4, 1],
    [6, 8, 4, 1],
    [3, 24, 6, 1],
    [8, 3, 5, 1],
  ],
  depthwise: [
    [4, 2, 0, 3],
    [6, 4, 0, 3],
    [4, 3, 0, 5],
    [2, 3, 0, 7],
  ],
  dense: [
    [1, 32, 8, 1],
    [1, 100, 10, 1],
    [1, 16, 40, 1],
    [1, 8, 8, 1],
    [1, 400, 4, 1],
  ],
  elementwise: [
    [4, 2, 0, 0],
    [8, 4, 0, 0],
    [10, 8, 0, 0],
  ],
  function: [
    [4, 2, 0, 0],
    [8, 4, 0, 0],
    [10, 3, 0, 0],
  ],
  movement: [
    [4, 2, 0, 0],
    [8, 4, 0, 0],
    [10, 8, 0, 0],
  ],
  pooling: [
    [3, 2, 0, 2],
    [4, 4, 0, 2],
    [3, 4, 0, 3],
    [2, 2, 0, 5],
  ],
};
const TYPES = ['float32', 'int8'];

/** Multiply-accumulates, and numbers of the result; without multiplications the larger of the numbers read and written. */
function amounts(kind, [size, channels, filters, kernel]) {
  const places = size * size;
  return (
    {
      convolution: () => [places * channels * filters * kernel ** 2, places * filters],
      pointwise: () => [places * channels * filters, places * filters],
      depthwise: () => [places * channels * kernel ** 2, places * channels],
      dense: () => [channels * filters, filters],
      pooling: () => [0, places * kernel ** 2 * channels],
    }[kind]?.() ?? [0, places * channels]
  );
}

async function count(set, flags, kind, type, sizes) {
  const elf = join(folder, 'kernel.elf');
  const common = ['-std=c99', '-O2', '-mthumb', ...flags, '-nostartfiles', '-T', join(here, 'mps2.ld'), '--specs=nano.specs'];
  const chosen = [`-DKERNEL=${kind}_${type}`, `-DSIZES=${sizes.join()}`];
  execFileSync('arm-none-eabi-gcc', [...common, ...chosen, join(here, 'kernels.c'), '-lm', '-o', elf]);
  const code = new Map();
  const marks = {};
  for (const line of execFileSync('arm-none-eabi-objdump', ['-d', '--no-show-raw-insn', elf], { encoding: 'utf8' }).split('\n')) {
    const symbol = /^([0-9a-f]+) <(measure_\w+)>:/.exec(line);
    if (symbol) marks[symbol[2]] = Number.parseInt(symbol[1], 16);
    const instruction = /^\s*([0-9a-f]+):\s+(\S+)/.exec(line);
    if (instruction) code.set(Number.parseInt(instruction[1], 16), instruction[2]);
  }
  const log = join(folder, 'trace');
  const machine = ['-machine', 'mps2-an386', '-nographic', '-semihosting', '-singlestep', '-d', 'exec,nochain'];
  execFileSync('qemu-system-arm', [...machine, '-D', log, '-kernel', elf], { timeout: 120_000 });
  const mix = {};
  let [counting, instructions, last] = [false, 0, undefined];
  for await (const line of createInterface({ input: createReadStream(log) })) {
    const place = Number.parseInt(/\[[0-9a-f]+\/([0-9a-f]+)\//.exec(line)?.[1] ?? '', 16);
    if (Number.isNaN(place)) continue;
    if (last) {
      const jumped = place < last.place || place - last.place > 4;
      const what = last.kind === 'branch' && jumped ? 'taken' : last.kind;
      mix[what] = (mix[what] ?? 0) + 1;
    }
    last = undefined;
    if (place === marks.measure_end) counting = false;
    if (counting) {
      instructions++;
      last = { kind: kindOf(code.get(place) ?? ''), place };
    }
    if (place === marks.measure_begin) counting = true;
  }
  const [macs, elements] = amounts(kind, sizes);
  return { model: 'kernels.c', layer: sizes.join('x'), set, kind, type, macs, elements, instructions, mix };
}

const file = join(here, 'kernels.json');
const wanted = process.argv.slice(2);
const isWanted = (kind) => wanted.length === 0 || wanted.includes(kind);
const measured = wanted.length === 0 ? [] : JSON.parse(readFileSync(file, 'utf8')).filter(({ kind }) => !isWanted(kind));
for (const [set, flags] of Object.entries(SETS))
  for (const [kind, all] of Object.entries(KINDS).filter(([kind]) => isWanted(kind)))
    for (const type of TYPES) for (const sizes of all) measured.push(await count(set, flags, kind, type, sizes));
writeFileSync(file, `[\n${measured.map((each) => `  ${JSON.stringify(each)}`).join(',\n')}\n]\n`);
rmSync(folder, { recursive: true });
console.log(`${measured.length} kernels counted`);
