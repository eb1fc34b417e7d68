import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lowered, planMemory } from '#dist/infrastructure/codegen/index.js';
import { cSource } from '#dist/infrastructure/targets/c/index.js';
import { bytesOfPort, outputsIn } from './ports.js';

/** What C is compiled with to prove that it is right: every warning is an error, every access is checked. Compiled in half the time, for sources that run quickly. */
export const CHECKED = '-std=c99 -Wall -Wextra -Wconversion -Werror -O0 -fsanitize=address,undefined -fno-sanitize-recover'.split(' ');
/** The same for sources that run long, and for warnings that need an optimizer's look. */
export const CHECKED_OPTIMIZED = CHECKED.map((flag) => (flag === '-O0' ? '-O1' : flag));

/** Why there is no native compiler to test with; false where there is one. */
export function withoutCompiler(compiler = 'gcc'): false | string {
  return spawnSync(compiler, ['--version']).status === 0 ? false : `${compiler} is not installed`;
}

/** Sources that one call of the compiler takes. */
const BATCH = 24;
/** Calls of the compiler at one time. */
const CALLS = 2;

/** One program that runs any of some compiled models. */
export interface NativeProgram {
  readonly path: string;
  /** What the compiler says of sources that it does not take, by their place among the models. */
  readonly rejected: ReadonlyMap<number, string>;
}

/** Writes C for each model, compiles it and links one program of those that are taken. */
export async function buildNative(
  models: readonly Lowered[],
  folder: string,
  flags: readonly string[] = CHECKED,
  options: { readonly small?: boolean } = {},
): Promise<NativeProgram> {
  mkdirSync(folder, { recursive: true });
  for (const [index, model] of models.entries()) {
    const { source, header } = cSource(model, planMemory(model.kernels), { name: `model_${index}`, ...options });
    writeFileSync(join(folder, `model_${index}.c`), source);
    writeFileSync(join(folder, `model_${index}.h`), header);
  }
  const rejected = new Map<number, string>();
  const batches: number[][] = [];
  for (let first = 0; first < models.length; first += BATCH)
    batches.push(Array.from({ length: Math.min(BATCH, models.length - first) }, (_, each) => first + each));
  const worker = async () => {
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      if (await compiles(batch, folder, flags)) continue;
      for (const index of batch) {
        const message = await compile([index], folder, flags);
        if (message) rejected.set(index, message);
      }
    }
  };
  await Promise.all(Array.from({ length: CALLS }, worker));
  const taken = models.flatMap((_, index) => (rejected.has(index) ? [] : [index]));
  writeFileSync(join(folder, 'main.c'), mainOf(models, taken));
  const path = join(folder, 'program');
  const objects = taken.map((index) => `model_${index}.o`);
  const message = await gcc(
    ['-std=c99', ...flags.filter((flag) => flag.startsWith('-fsan')), 'main.c', ...objects, '-o', path, '-lm'],
    folder,
  );
  if (message) throw new Error(message);
  return { path, rejected };
}

/** Runs one of a program's models. @returns bytes of its outputs. @throws where a sanitizer ends it. */
export function runNative({ path }: NativeProgram, index: number, lowered: Lowered, inputs: readonly Uint8Array[]): Uint8Array[] {
  const { status, stdout, stderr } = spawnSync(path, [String(index)], {
    input: Buffer.concat(inputs),
    maxBuffer: 2 ** 28,
    // The program ends after one run: it leaves its memory to the system.
    env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' },
  });
  if (status !== 0) throw new Error(`The program ended with ${status}: ${stderr.toString().slice(0, 1500)}`);
  return outputsIn(lowered, new Uint8Array(stdout));
}

async function compiles(batch: readonly number[], folder: string, flags: readonly string[]): Promise<boolean> {
  return (await compile(batch, folder, flags)) === undefined;
}

function compile(batch: readonly number[], folder: string, flags: readonly string[]): Promise<string | undefined> {
  return gcc([...flags, '-c', ...batch.map((index) => `model_${index}.c`)], folder);
}

/** @returns what the compiler says where it fails. */
function gcc(parameters: readonly string[], cwd: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn('gcc', parameters, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    const said: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    child.on('error', reject);
    child.on('close', (status) => resolve(status === 0 ? undefined : Buffer.concat(said).toString().slice(0, 1500)));
  });
}

/** A main that reads the inputs of one model and writes its outputs. Each tensor is memory of its own, so that reading beyond its end is seen. */
function mainOf(models: readonly Lowered[], taken: readonly number[]): string {
  const cases = taken.flatMap((index) => {
    const { inputs, outputs } = models[index];
    const ports = [...inputs, ...outputs];
    return [
      `  case ${index}: {`,
      `    void *p[${Math.max(1, ports.length)}];`,
      ...ports.map((port, each) => `    p[${each}] = tensor(${bytesOfPort(port)}, ${each < inputs.length ? 1 : 0});`),
      `    void *arena = tensor(MODEL_${index}_ARENA_BYTES, 0);`,
      `    model_${index}_run(${[...ports.map((_, each) => `p[${each}]`), 'arena'].join(', ')});`,
      ...outputs.map((port, each) => `    fwrite(p[${each + inputs.length}], 1, ${bytesOfPort(port)}, stdout);`),
      '    return 0;',
      '  }',
    ];
  });
  return [
    '#include <stdio.h>',
    '#include <stdlib.h>',
    '#include <string.h>',
    ...taken.map((index) => `#include "model_${index}.h"`),
    'static void *tensor(size_t bytes, int reads) {',
    '  void *memory = malloc(bytes > 0 ? bytes : 1);',
    '  if (memory == NULL) exit(3);',
    // Memory that nobody has set is not zero.
    '  memset(memory, 0xa5, bytes > 0 ? bytes : 1);',
    '  if (reads && bytes > 0 && fread(memory, bytes, 1, stdin) != 1) exit(4);',
    '  return memory;',
    '}',
    'int main(int count, char **arguments) {',
    '  switch (count > 1 ? atoi(arguments[1]) : -1) {',
    ...cases,
    '  }',
    '  return 5;',
    '}',
    '',
  ].join('\n');
}
