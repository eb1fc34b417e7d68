import { type ValueType, valueTypes } from './code.js';
import type { FunctionBody } from './function.js';
import { signed, unsigned } from './opcodes.js';

/** A function that the module's user gives. */
export interface FunctionImport {
  readonly module: string;
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** Bytes of a page of memory. */
const PAGE = 65_536;

/** A module with one memory, while it is written. Imports are known from the start, for functions are counted behind them. */
export class ModuleBuilder {
  readonly #imports: readonly FunctionImport[];
  readonly #types = new Map<string, number>();
  readonly #typeBytes: number[][] = [];
  readonly #functions: { type: number; bytes: readonly number[] }[] = [];
  readonly #exports: number[][] = [];
  readonly #data: { address: number; bytes: Uint8Array }[] = [];

  constructor(imports: readonly FunctionImport[] = []) {
    this.#imports = imports;
  }

  /** Adds a function that is written to its end. @returns its index, by which it is called. */
  add({ parameters, results }: Pick<FunctionBody, 'parameters' | 'results'>, bytes: readonly number[]): number {
    this.#functions.push({ type: this.#type(parameters, results), bytes });
    return this.#imports.length + this.#functions.length - 1;
  }

  exportFunction(name: string, index: number): void {
    this.#exports.push([...text(name), 0x00, ...unsigned(index)]);
  }

  exportMemory(name: string): void {
    this.#exports.push([...text(name), 0x02, 0]);
  }

  /** Bytes that are in memory when the module starts. */
  data(address: number, bytes: Uint8Array): void {
    this.#data.push({ address, bytes });
  }

  /** @param memory bytes that the module needs. */
  bytes(memory: number): Uint8Array {
    const imports = this.#imports.map(({ module, name, parameters, results }) => [
      ...text(module),
      ...text(name),
      0x00,
      ...unsigned(this.#type(parameters, results)),
    ]);
    const pages = Math.ceil(memory / PAGE);
    const functions = this.#functions.map(({ type }) => unsigned(type));
    const bodies = this.#functions.map(({ bytes }) => joined([unsigned(bytes.length), bytes]));
    const data = this.#data.map(({ address, bytes }) =>
      joined([[0x00, 0x41, ...signed(address | 0), 0x0b, ...unsigned(bytes.length)], bytes]),
    );
    return joined([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, this.#typeBytes),
      section(2, imports),
      section(3, functions),
      // A memory that never grows: views of it stay valid.
      section(5, [[0x01, ...unsigned(pages), ...unsigned(pages)]]),
      section(7, this.#exports),
      section(10, bodies),
      section(11, data),
    ]);
  }

  #type(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const bytes = [0x60, ...types(parameters), ...types(results)];
    const key = bytes.join();
    const known = this.#types.get(key);
    if (known !== undefined) return known;
    this.#types.set(key, this.#typeBytes.length);
    this.#typeBytes.push(bytes);
    return this.#typeBytes.length - 1;
  }
}

function types(list: readonly ValueType[]): number[] {
  return [...unsigned(list.length), ...list.map((type) => valueTypes[type])];
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [...unsigned(bytes.length), ...bytes];
}

/** A vector of entries behind the section's number and length; nothing where it is empty. */
function section(id: number, entries: readonly ArrayLike<number>[]): ArrayLike<number> {
  if (entries.length === 0) return [];
  const content = joined([unsigned(entries.length), ...entries]);
  return joined([[id, ...unsigned(content.length)], content]);
}

function joined(parts: readonly ArrayLike<number>[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
