import { bytesOfStorage, type Port } from '../../../codegen/index.js';
import { typeName } from '../numbers.js';
import type { CSource } from '../source.js';

/**
 * A program that runs a compiled model: it reads the inputs from standard input, one behind the other, and writes the outputs to standard output. With a
 * number as its argument it runs the model so many times and writes the nanoseconds of each run, as doubles, in place of the outputs.
 */
export function harnessSource(source: CSource, inputs: readonly Port[], outputs: readonly Port[]): string {
  const { declarations, reading, call, array } = partsOf(source, inputs, outputs);
  return [
    ...declarations,
    'int main(int argc, char **argv) {',
    ...reading,
    '  const int runs = argc > 1 ? atoi(argv[1]) : 0;',
    `  ${call};`,
    '  for (int i = 0; i < runs; i++) {',
    '    struct timespec from, to;',
    '    clock_gettime(CLOCK_MONOTONIC, &from);',
    `    ${call};`,
    '    clock_gettime(CLOCK_MONOTONIC, &to);',
    '    const double ns = (double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec);',
    '    fwrite(&ns, sizeof ns, 1, stdout);',
    '  }',
    '  if (runs > 0) return 0;',
    ...outputs.map((port) => `  fwrite(${array(port)}, 1, ${bytesOf(port)}, stdout);`),
    '  return 0;',
    '}',
    '',
  ].join('\n');
}

/** File of the constants of a program that is measured: compilers take minutes to read large ones as text. */
export const CONSTANTS = 'constants.bin';

/**
 * A program that times the kernels of a compiled model: it reads the inputs from standard input, runs the model as often as its argument says, after once
 * that does not count, and writes the nanoseconds of each kernel of each run, as doubles.
 */
export function probeSource(source: CSource, inputs: readonly Port[], outputs: readonly Port[], kernels: number): string {
  const { declarations, reading, call } = partsOf(source, inputs, outputs);
  const constants = [...source.constants];
  return [
    ...declarations,
    ...constants.map(([{ type, size }, called]) => `${typeName(type)} ${called}[${Math.max(1, size)}];`),
    'static struct timespec last;',
    `static double times[${Math.max(1, kernels)}];`,
    `void ${source.name}_probe(int32_t kernel);`,
    `void ${source.name}_probe(int32_t kernel) {`,
    '  struct timespec now;',
    '  clock_gettime(CLOCK_MONOTONIC, &now);',
    '  times[kernel] = (double)(now.tv_sec - last.tv_sec) * 1e9 + (double)(now.tv_nsec - last.tv_nsec);',
    '  last = now;',
    '}',
    'int main(int argc, char **argv) {',
    ...reading,
    `  FILE *const constants = fopen("${CONSTANTS}", "rb");`,
    '  if (constants == NULL) return 3;',
    ...constants.map(
      ([{ type, size }, called]) =>
        `  if (fread(${called}, 1, ${bytesOfStorage(type, size)}, constants) != ${bytesOfStorage(type, size)}) return 3;`,
    ),
    '  fclose(constants);',
    '  const int runs = argc > 1 ? atoi(argv[1]) : 1;',
    '  for (int i = 0; i <= runs; i++) {',
    '    clock_gettime(CLOCK_MONOTONIC, &last);',
    `    ${call};`,
    `    if (i > 0) fwrite(times, sizeof times[0], ${kernels}, stdout);`,
    '  }',
    '  return 0;',
    '}',
    '',
  ].join('\n');
}

/** What both programs begin with, and how they run the model. */
function partsOf({ name, parameters }: CSource, inputs: readonly Port[], outputs: readonly Port[]) {
  const ports = [...inputs, ...outputs];
  const upper = name.toUpperCase();
  // Names of constants end in a number.
  const array = (port: Port) => `tensor_${ports.indexOf(port)}_data`;
  return {
    array,
    declarations: [
      '#include <stdio.h>',
      '#include <stdlib.h>',
      '#include <time.h>',
      `#include "${name}.h"`,
      `static uint64_t arena[(${upper}_ARENA_BYTES + 15) / 8];`,
      ...ports.map((port) => `static ${typeName(port.buffer.type)} ${array(port)}[${Math.max(1, port.buffer.size)}];`),
    ],
    reading: inputs.flatMap((port) =>
      bytesOf(port) > 0 ? [`  if (fread(${array(port)}, ${bytesOf(port)}, 1, stdin) != 1) return 2;`] : [],
    ),
    call: `${name}_run(${[...parameters.keys()].map(array).join(', ')}, arena)`,
  };
}

function bytesOf({ buffer }: Port): number {
  return bytesOfStorage(buffer.type, buffer.size);
}
