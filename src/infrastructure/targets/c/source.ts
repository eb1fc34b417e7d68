import { type Buffer, bytesOfStorage, type Lowered, type MemoryPlan, type Port } from '../../codegen/index.js';
import { definedAs, functionsOf } from './definitions.js';
import { ARGUMENT_BYTES, CODE_BYTES } from './estimate.js';
import { helpers } from './functions.js';
import { type KernelText, kernelTexts } from './kernel.js';
import { Identifiers, prefix } from './names.js';
import { constantDefinition, typeName } from './numbers.js';
import type { PrintedKernel } from './printer.js';
import { vectorHelpers, vectorPrelude } from './vectors.js';

export interface SourceOptions {
  /** Begin of the names of functions and macros, and the name of the files. Made an identifier. */
  readonly name: string;
  /** Where the model came from, for the comment at the top. */
  readonly from?: string;
  /**
   * Whether code is to be small rather than fast on processors without vectors: kernels that differ in numbers only are one function there, too. Default:
   * false.
   */
  readonly small?: boolean;
  /** For measuring: after each kernel a function NAME_probe is told its place, and constants are defined elsewhere, by their names in `constants`. */
  readonly probed?: boolean;
}

/** A model as C99 source. */
export interface CSource {
  /** Begin of the names. */
  readonly name: string;
  readonly source: string;
  readonly header: string;
  readonly arenaBytes: number;
  /** Bytes of the constants. */
  readonly constantBytes: number;
  /** About the bytes of the code on a Cortex-M4. */
  readonly codeBytes: number;
  /** Functions' parameters, by the model's names. */
  readonly parameters: ReadonlyMap<Port, string>;
  readonly constants: ReadonlyMap<Buffer, string>;
}

/** Writes a program as one C file and its header: no memory is allocated, and nothing but <math.h>, <stdint.h> and <string.h> is needed. */
export function cSource({ inputs, outputs }: Lowered, plan: MemoryPlan, options: SourceOptions): CSource {
  const name = prefix(options.name, 'model');
  const ports = [...inputs, ...outputs];
  const names = new Identifiers([...Object.keys(helpers), ...Object.keys(vectorHelpers), 'memory', `${name}_run`]);
  const parameters = new Map(ports.map((port) => [port, names.take(port.name, 'tensor')]));
  const placeOf = (buffer: Buffer) => plan.offsets.get(buffer) ?? buffer;
  const texts = kernelTexts(plan.kernels, placeOf, options);
  const functions = functionsOf(texts, (place) => names.take(`${plan.kernels[place].kind}_kernel`, 'kernel'));
  const read = new Set(texts.flatMap(({ buffers }) => buffers.filter(({ role }) => role === 'constant')));
  const constants = new Map([...read].map((buffer) => [buffer, names.take(buffer.name, 'constant')]));
  const calledIn = (some: readonly KernelText[]) => new Set(some.flatMap((text) => [...text.helpers]));
  const vectorTexts = texts.flatMap(({ vectors }) => vectors ?? []);
  const byVectors = calledIn(vectorTexts);
  const always = calledIn(texts.filter(({ vectors }) => !vectors));
  const byPlain = calledIn(texts.filter(({ vectors }) => vectors));
  const guard = `${name.toUpperCase()}_VECTORS`;

  const signature = `void ${name}_run(${ports.map((port) => declaration(port, parameters.get(port) ?? '', inputs.includes(port))).join(', ')}, void *arena)`;
  const argument = (buffer: Buffer): string => {
    const constant = constants.get(buffer);
    if (constant) return constant;
    const port = ports.find((each) => each.buffer === buffer);
    if (port) return parameters.get(port) ?? '';
    return `(${typeName(buffer.type)} *)(void *)(memory + ${plan.offsets.get(buffer) ?? 0})`;
  };
  const call = ({ text, buffers, numbers = [] }: PrintedKernel, of: ReadonlyMap<string, string>) =>
    `  ${of.get(text)}(${[...buffers.map(argument), ...numbers].join(', ')});`;
  const calls = texts.map((text, place) => {
    const plain = call(text, functions.plain);
    const vectors = text.vectors ? call(text.vectors, functions.vectors) : plain;
    const lines = plain === vectors ? [plain] : [`#ifdef ${guard}`, vectors, '#else', plain, '#endif'];
    const probe = options.probed ? [`  ${name}_probe(${place});`] : [];
    return [`  /* ${comment(plan.kernels[place].title)} */`, ...lines, ...probe];
  });
  const usesArena = texts.some(({ buffers }) => buffers.some((buffer) => buffer.role === 'arena' || buffer.role === 'scratch'));
  const unused = ports.filter(({ buffer }) => !texts.some(({ buffers }) => buffers.includes(buffer)));
  const source = [
    `/* ${comment(`Made by Espalier${options.from ? ` from ${options.from}` : ''}.`)} */`,
    `#include "${name}.h"`,
    '',
    '#include <math.h>',
    '',
    ...(options.probed ? [`void ${name}_probe(int32_t kernel);`] : []),
    ...[...constants].map(([buffer, called]) =>
      options.probed ? `extern ${typeName(buffer.type)} ${called}[];` : constantDefinition(called, buffer),
    ),
    ...definitions(helpers, (helper) => always.has(helper) || (byVectors.has(helper) && byPlain.has(helper))),
    ...(vectorTexts.length > 0
      ? [
          '/* Vectors of GCC and Clang, where the processor has them; without them the same in plain C. */',
          `#if defined(__GNUC__) && !defined(${name.toUpperCase()}_PLAIN) && (defined(__SSE2__) || defined(__ARM_NEON) || defined(__wasm_simd128__))`,
          `#define ${guard}`,
          vectorPrelude,
          ...definitions(helpers, (helper) => byVectors.has(helper) && !always.has(helper) && !byPlain.has(helper)),
          ...definitions(vectorHelpers, (helper) => byVectors.has(helper)),
          '#else',
          ...definitions(helpers, (helper) => byPlain.has(helper) && !always.has(helper) && !byVectors.has(helper)),
          '#endif',
          '',
        ]
      : []),
    ...definedAs(functions).map(({ called, plain, vectors, always }) => {
      if (always) return `static void ${called}${always}`;
      if (!plain) return `#ifdef ${guard}\nstatic void ${called}${vectors}#endif\n`;
      if (!vectors) return `#ifndef ${guard}\nstatic void ${called}${plain}#endif\n`;
      return `#ifdef ${guard}\nstatic void ${called}${vectors}#else\nstatic void ${called}${plain}#endif\n`;
    }),
    `${signature} {`,
    ...(usesArena ? ['  uint8_t *const memory = (uint8_t *)arena;'] : ['  (void)arena;']),
    ...unused.map((port) => `  (void)${parameters.get(port)};`),
    ...calls.flat(),
    '}',
    '',
  ].join('\n');
  const constantBytes = [...read].reduce((sum, { type, size }) => sum + bytesOfStorage(type, size), 0);
  const characters = [...functions.plain.keys()].reduce((sum, text) => sum + text.length, 0);
  const passed = texts.reduce((sum, { numbers = [] }) => sum + numbers.length, 0);
  const codeBytes = Math.round(CODE_BYTES * characters + ARGUMENT_BYTES * passed);
  return {
    name,
    source,
    header: headerOf(name, ports, parameters, inputs, signature, plan.bytes),
    arenaBytes: plan.bytes,
    constantBytes,
    codeBytes,
    parameters,
    constants,
  };
}

/** The definitions of some functions. */
function definitions(of: Readonly<Record<string, string>>, isWanted: (name: string) => boolean): string[] {
  return Object.entries(of).flatMap(([name, text]) => (isWanted(name) ? [text, ''] : []));
}

function declaration({ buffer }: Port, name: string, isInput: boolean): string {
  return `${isInput ? 'const ' : ''}${typeName(buffer.type)} ${name}[${Math.max(1, buffer.size)}]`;
}

function headerOf(
  name: string,
  ports: readonly Port[],
  parameters: ReadonlyMap<Port, string>,
  inputs: readonly Port[],
  signature: string,
  arenaBytes: number,
): string {
  const upper = name.toUpperCase();
  const lines = ports.map((port) => {
    const what = inputs.includes(port) ? 'reads ' : 'writes';
    return ` *   ${what} ${parameters.get(port)}: ${port.dtype} [${port.shape.join(', ')}]${parameters.get(port) === port.name ? '' : ` ("${comment(port.name)}")`}`;
  });
  return [
    `#ifndef ${upper}_H`,
    `#define ${upper}_H`,
    '',
    '#include <stdint.h>',
    '',
    '#ifdef __cplusplus',
    'extern "C" {',
    '#endif',
    '',
    `/* Bytes of memory that ${name}_run works in. Nothing in it lasts from one call to the next. It must be aligned for uint64_t:`,
    ` *   static uint64_t arena[(${upper}_ARENA_BYTES + 7) / 8]; */`,
    `#define ${upper}_ARENA_BYTES ${arenaBytes}`,
    '',
    '/* Runs the model once. Tensors are row-major:',
    ...lines,
    ' * arena may be null where its size is 0. */',
    `${signature};`,
    '',
    '#ifdef __cplusplus',
    '}',
    '#endif',
    '',
    '#endif',
    '',
  ].join('\n');
}

/** Text that does not end a comment. */
function comment(text: string): string {
  return text.replaceAll('*/', '* /').replace(/[^\x20-\x7e]/g, '?');
}
