// C from each generator, with a main around it that times runs.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lowerGraph, planMemory, prepare } from '../../dist/infrastructure/codegen/index.js';
import { cSource } from '../../dist/infrastructure/targets/c/index.js';
import { loadModel } from '../../dist/onnx/node/index.js';

/** Espalier's source. @returns what a call takes, and the bytes of the arena. */
export async function espalier(file, folder, runtime) {
  const lowered = lowerGraph(await prepare(loadModel(file), { runtime }));
  const { source, header, arenaBytes } = cSource(lowered, planMemory(lowered.kernels), { name: 'model' });
  writeFileSync(join(folder, 'model.c'), source);
  writeFileSync(join(folder, 'model.h'), header);
  const ports = [...lowered.inputs, ...lowered.outputs].map(({ buffer }) => ({ type: names[buffer.type], size: buffer.size }));
  const declarations = ['#include "model.h"', `static uint64_t arena[${Math.ceil(arenaBytes / 8) || 1}];`];
  writeMain(folder, declarations, ports, (given) => `model_run(${given.join(', ')}, arena)`);
  return { arenaBytes };
}

/** emx-onnx-cgen's source, all buffers on the stack: it plans no memory. */
export function emx(file, folder, program) {
  const target = join(folder, 'model.c');
  execFileSync(program, ['compile', file, target, '--large-weight-threshold', '0', '--large-temp-threshold', '0'], { stdio: 'ignore' });
  writePeerMain(folder, readFileSync(target, 'utf8'), 'model');
  return { arenaBytes: 0 };
}

/** onnx2c's source, whose tensors are variables of the program. */
export function onnx2c(file, folder, program) {
  const text = execFileSync(program, [file], { encoding: 'utf8', maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'ignore'] });
  writeFileSync(join(folder, 'model.c'), text);
  writePeerMain(folder, text, 'entry');
  return { arenaBytes: 0 };
}

/** A main that calls a function whose parameters are arrays. */
function writePeerMain(folder, text, name) {
  const signature = [...text.matchAll(new RegExp(`^void ${name}\\(([^)]*)\\)`, 'gm'))].at(-1);
  const ports = [...signature[1].matchAll(/(?:const )?(\w+) \w+((?:\[[^\]]*\])+)/g)].map(([, type, dims]) => ({
    type,
    size: [...dims.matchAll(/\[(?:restrict )?(\d+)\]/g)].reduce((all, [, size]) => all * Number(size), 1),
  }));
  const declarations = ['#include <stdbool.h>', `${signature[0]};`];
  writeMain(folder, declarations, ports, (given) => `${name}(${given.map((each) => `(void *)${each}`).join(', ')})`);
}

const names = { f32: 'float', f64: 'double', i8: 'int8_t', u8: 'uint8_t', i16: 'int16_t', u16: 'uint16_t', i32: 'int32_t', i64: 'int64_t' };

function writeMain(folder, declarations, ports, call) {
  const fill = ports.map(
    ({ type, size }, each) =>
      `  for (int i = 0; i < ${size}; i++) p${each}[i] = (${type})((i * 7 % 13 - 6)${type === 'float' ? ' / 6.0f' : ''});`,
  );
  writeFileSync(
    join(folder, 'main.c'),
    [
      '#include <stdint.h>',
      '#include <stdio.h>',
      '#include <stdlib.h>',
      '#include <time.h>',
      ...declarations,
      ...ports.map(({ type, size }, each) => `static ${type} p${each}[${size}];`),
      'int main(int argc, char **argv) {',
      ...fill,
      '  const int runs = argc > 1 ? atoi(argv[1]) : 1;',
      '  struct timespec from, to;',
      '  clock_gettime(CLOCK_MONOTONIC, &from);',
      `  for (int i = 0; i < runs; i++) ${call(ports.map((_, each) => `p${each}`))};`,
      '  clock_gettime(CLOCK_MONOTONIC, &to);',
      '  printf("%f\\n", ((double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6) / runs);',
      '  return 0;',
      '}',
      '',
    ].join('\n'),
  );
}
