import { allowed, FormatError, MOST_PARSED } from '../../../base/index.js';
import {
  type Contents,
  type Field,
  type ModelTable,
  type OptionsName,
  type OptionsOf,
  options,
  type Scalar,
  schema,
  type TableName,
} from './schema.js';

/** Bytes of a number, and how it is read. */
const numbers: Readonly<Record<Scalar, readonly [size: number, read: (view: DataView, at: number) => number]>> = {
  bool: [1, (view, at) => view.getUint8(at)],
  int8: [1, (view, at) => view.getInt8(at)],
  uint8: [1, (view, at) => view.getUint8(at)],
  int32: [4, (view, at) => view.getInt32(at, true)],
  uint32: [4, (view, at) => view.getUint32(at, true)],
  int64: [8, (view, at) => Number(view.getBigInt64(at, true))],
  uint64: [8, (view, at) => Number(view.getBigUint64(at, true))],
  float32: [4, (view, at) => view.getFloat32(at, true)],
};

type Fields = Readonly<Record<string, Field>>;
const decoder = new TextDecoder('utf-8', { fatal: false });

/** Whether bytes say of themselves that they are a TensorFlow Lite model. At least eight are needed. */
export function isTflite(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && decoder.decode(bytes.subarray(4, 8)) === 'TFL3';
}

/**
 * Reads FlatBuffers tables. Every offset and length is checked against the file; tables that are pointed at many times are counted each time, so that
 * what is read stays in proportion to the file.
 */
export class FlatReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #left: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#left = allowed(MOST_PARSED, bytes.length);
  }

  /** The whole model but for its operators' options. @throws FormatError */
  model(): ModelTable {
    if (!isTflite(this.#bytes)) throw damaged(4, 'it does not say that it is a TensorFlow Lite model ("TFL3")');
    return this.#table(schema.Model, this.#indirect(0)) as ModelTable;
  }

  /** Options of an operator, whose table is at `at`. Those that are not there have their defaults. @throws FormatError */
  options<N extends OptionsName>(name: N, at: number | undefined): OptionsOf<N> {
    const { fields } = options[name];
    return (at === undefined ? defaults(fields) : this.#table(fields, at)) as OptionsOf<N>;
  }

  /** Bytes of the file itself: contents of models beyond 2 GB are behind their tables. @throws FormatError */
  range(offset: number, size: number): Uint8Array {
    this.#need(offset, size);
    return this.#bytes.subarray(offset, offset + size);
  }

  #table(fields: Fields, at: number): Contents<Fields> {
    this.#spend(1 + Object.keys(fields).length, at);
    this.#need(at, 4);
    const vtable = at - this.#view.getInt32(at, true);
    this.#need(vtable, 4);
    const entries = this.#view.getUint16(vtable, true);
    this.#need(vtable, Math.max(4, entries));
    const found: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(fields)) {
      const entry = 4 + 2 * field.id;
      const offset = entry + 2 <= entries ? this.#view.getUint16(vtable + entry, true) : 0;
      found[name] = offset === 0 ? absent(field) : this.#field(field, at + offset);
    }
    return found as Contents<Fields>;
  }

  #field(field: Field, at: number): unknown {
    if ('scalar' in field) {
      const [size, read] = numbers[field.scalar];
      this.#need(at, size);
      const value = read(this.#view, at);
      return field.scalar === 'bool' ? value !== 0 : value;
    }
    const target = this.#indirect(at);
    if ('table' in field) return field.table === '' ? target : this.#table(schema[field.table as TableName], target);
    const [start, count] = this.#vector(target, 'vector' in field ? numbers[field.vector][0] : 'tables' in field ? 4 : 1);
    if ('bytes' in field) return this.#bytes.subarray(start, start + count);
    this.#spend(count, target);
    if ('text' in field) return decoder.decode(this.#bytes.subarray(start, start + count));
    if ('vector' in field) {
      const [size, read] = numbers[field.vector];
      return Array.from({ length: count }, (_, i) => read(this.#view, start + size * i));
    }
    return Array.from({ length: count }, (_, i) => this.#table(schema[field.tables as TableName], this.#indirect(start + 4 * i)));
  }

  /** Where a vector's elements start, and how many there are. */
  #vector(at: number, size: number): [start: number, count: number] {
    this.#need(at, 4);
    const count = this.#view.getUint32(at, true);
    this.#need(at + 4, size * count);
    return [at + 4, count];
  }

  #indirect(at: number): number {
    this.#need(at, 4);
    return at + this.#view.getUint32(at, true);
  }

  #need(at: number, size: number): void {
    if (at >= 0 && at + size <= this.#bytes.length) return;
    throw damaged(at, `it points to ${size} bytes that the file of ${this.#bytes.length} bytes does not have`);
  }

  #spend(count: number, at: number): void {
    this.#left -= count;
    if (this.#left < 0) throw damaged(at, 'it says the same over and over: its structure would take far more memory than its bytes');
  }
}

function absent(field: Field): unknown {
  if (!('scalar' in field)) return undefined;
  return field.scalar === 'bool' ? field.fallback !== 0 : field.fallback;
}

function defaults(fields: Fields): Contents<Fields> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, absent(field)])) as Contents<Fields>;
}

function damaged(offset: number, what: string): FormatError {
  return new FormatError({
    what: `Not a readable TensorFlow Lite model: at byte ${offset}, ${what}`,
    fix: 'Check that the file is complete and is a .tflite file.',
  });
}
