import { bytesOfStorage, type Port } from '../../../codegen/index.js';
import { typeName } from '../numbers.js';
import type { CSource } from '../source.js';

/**
 * A program that runs a compiled model: it reads the inputs from standard input, one behind the other, and writes the outputs to standard output. With a
 * number as its argument it runs the model so many times and writes the nanoseconds of each run, as doubles, in place of the outputs.
 */
export function harnessSource({ name, parameters }: CSource, inputs: readonly Port[], outputs: readonly Port[]): string {
  const ports = [...inputs, ...outputs];
  const upper = name.toUpperCase();
  const array = (port: Port) => `tensor_${ports.indexOf(port)}`;
  const bytes = ({ buffer }: Port) => bytesOfStorage(buffer.type, buffer.size);
  const call = `${name}_run(${[...parameters.keys()].map(array).join(', ')}, arena)`;
  return [
    '#include <stdio.h>',
    '#include <stdlib.h>',
    '#include <time.h>',
    `#include "${name}.h"`,
    `static uint64_t arena[(${upper}_ARENA_BYTES + 15) / 8];`,
    ...ports.map((port) => `static ${typeName(port.buffer.type)} ${array(port)}[${Math.max(1, port.buffer.size)}];`),
    'int main(int argc, char **argv) {',
    ...inputs.flatMap((port) => (bytes(port) > 0 ? [`  if (fread(${array(port)}, ${bytes(port)}, 1, stdin) != 1) return 2;`] : [])),
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
    ...outputs.map((port) => `  fwrite(${array(port)}, 1, ${bytes(port)}, stdout);`),
    '  return 0;',
    '}',
    '',
  ].join('\n');
}
