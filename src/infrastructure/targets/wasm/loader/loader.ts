import type { StorageType } from '../../../codegen/index.js';
import type { PlacedPort, WasmModule } from '../module.js';
import { instantiate } from './template.js';

export interface LoaderOptions {
  /** Name of the module's file, beside which the loader lies: "model.wasm". */
  readonly file: string;
  /** Where the model came from, for the comment at the top. */
  readonly from?: string;
}

/** Arrays of JavaScript in which callers give and get elements; of types below 8 bits, the bytes that they share. */
const arrays: Readonly<Record<StorageType, string>> = {
  f32: 'Float32Array',
  f64: 'Float64Array',
  i8: 'Int8Array',
  u8: 'Uint8Array',
  i16: 'Int16Array',
  u16: 'Uint16Array',
  i32: 'Int32Array',
  u32: 'Uint32Array',
  i64: 'BigInt64Array',
  u64: 'BigUint64Array',
  i4: 'Uint8Array',
  u4: 'Uint8Array',
  i2: 'Uint8Array',
  u2: 'Uint8Array',
};

/**
 * The ES module that loads a compiled model, in Node, a page or a worker:
 * `const model = await load(); const { scores } = model.run({ input });`
 */
export function loaderSource({ inputs, outputs, imports }: WasmModule, { file, from }: LoaderOptions): string {
  return [
    `// Made by Espalier${from ? ` from ${line(from)}` : ''}.`,
    `const inputs = ${slots(inputs)};`,
    `const outputs = ${slots(outputs)};`,
    `export function load(source = new URL(${JSON.stringify(`./${file}`)}, import.meta.url)) {`,
    `  return instantiate(source, inputs, outputs, ${importsOf(imports)});`,
    '}',
    compact(instantiate.toString()),
    '',
  ].join('\n');
}

function slots(ports: readonly PlacedPort[]): string {
  const each = ports.map(
    ({ port, address }) => `[${JSON.stringify(port.name)}, ${arrays[port.buffer.type]}, ${elementsOf(port.buffer)}, ${address}]`,
  );
  return `[${each.join(', ')}]`;
}

/** Elements of the array that a caller gives or gets. */
function elementsOf({ type, size }: { type: StorageType; size: number }): number {
  const bits = Number(type.slice(1));
  return bits < 8 ? Math.ceil((size * bits) / 8) : size;
}

/** Math itself, and the remainder, which has no name there. */
function importsOf(names: readonly string[]): string {
  if (names.length === 0) return '{}';
  return names.includes('fmod')
    ? `{ ${names.map((name) => (name === 'fmod' ? 'fmod: (a, b) => a % b' : `${name}: Math.${name}`)).join(', ')} }`
    : 'Math';
}

/** As it is, indented by one space instead of four. */
function compact(source: string): string {
  return source.replace(/^( +)/gm, (spaces) => ' '.repeat(spaces.length / 4));
}

/** The types of the loader. */
export function loaderTypes({ inputs, outputs }: WasmModule, { from }: Pick<LoaderOptions, 'from'> = {}): string {
  const fields = (ports: readonly PlacedPort[]) =>
    ports.flatMap(({ port }) => [
      `  /** ${port.dtype} [${port.shape.join(', ')}], row-major. */`,
      `  readonly ${JSON.stringify(port.name)}: ${arrays[port.buffer.type]};`,
    ]);
  return [
    `// Made by Espalier${from ? ` from ${line(from)}` : ''}.`,
    'export interface Inputs {',
    ...fields(inputs),
    '}',
    'export interface Outputs {',
    ...fields(outputs),
    '}',
    'export interface Model {',
    '  /** Runs the model once. @throws TypeError for an input of another type or length. */',
    '  run(inputs: Inputs): Outputs;',
    '}',
    '/** A new instance, with memory of its own. @param source bytes of the module or where it is. Default: the file beside this one. */',
    'export function load(source?: string | URL | ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<Model>;',
    '',
  ].join('\n');
}

/** Text that stays on its line. */
function line(text: string): string {
  return text.replace(/[\r\n\u2028\u2029]+/g, ' ');
}
