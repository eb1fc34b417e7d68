import { Builder } from 'flatbuffers';
import { type Field, type ModelTable, options, type Scalar, schema, type TableName } from './schema.js';

type Fields = Readonly<Record<string, Field>>;
type Values = Readonly<Record<string, unknown>>;

/** What is written for a model: its tables, where options of operators are objects beside their names. */
export type Tables = Partial<Omit<ModelTable, 'subgraphs'>> & { readonly subgraphs: readonly Values[] };

/** How numbers are put into a table and into a vector, with their bytes. */
const puts: Readonly<Record<Scalar, readonly [size: number, add: (builder: Builder, value: number) => void]>> = {
  bool: [1, (builder, value) => builder.addInt8(value ? 1 : 0)],
  int8: [1, (builder, value) => builder.addInt8(value)],
  uint8: [1, (builder, value) => builder.addInt8(value)],
  int32: [4, (builder, value) => builder.addInt32(value)],
  uint32: [4, (builder, value) => builder.addInt32(value)],
  int64: [8, (builder, value) => builder.addInt64(BigInt(value))],
  uint64: [8, (builder, value) => builder.addInt64(BigInt(value))],
  float32: [4, (builder, value) => builder.addFloat32(value)],
};

/** The bytes of a .tflite file. */
export function encodeTables(model: Tables): Uint8Array {
  const builder = new Builder(1024);
  builder.finish(writeTable(builder, schema.Model, model as Values), 'TFL3');
  return builder.asUint8Array().slice();
}

/** Children come before what points to them. */
function writeTable(builder: Builder, fields: Fields, values: Values): number {
  const offsets = new Map<string, number>();
  for (const [name, field] of Object.entries(fields)) {
    const value = values[name];
    if (value === undefined || 'scalar' in field) continue;
    offsets.set(name, writeChild(builder, field, value));
  }
  const last = Object.values(fields).reduce((most, { id }) => Math.max(most, id), -1);
  builder.startObject(last + 1);
  for (const [name, field] of Object.entries(fields)) {
    const offset = offsets.get(name);
    if (offset !== undefined) builder.addFieldOffset(field.id, offset, 0);
    else if ('scalar' in field && values[name] !== undefined) addScalar(builder, field, Number(values[name]));
  }
  return builder.endObject();
}

function addScalar(builder: Builder, { id, scalar, fallback }: Extract<Field, { scalar: Scalar }>, value: number): void {
  if (value === fallback) return;
  const [size, add] = puts[scalar];
  builder.prep(size, 0);
  add(builder, value);
  builder.slot(id);
}

function writeChild(builder: Builder, field: Field, value: unknown): number {
  if ('text' in field) return builder.createString(value as string);
  if ('bytes' in field) return writeBytes(builder, value as Uint8Array, field.bytes);
  if ('vector' in field) {
    const numbers = value as readonly number[];
    const [size, add] = puts[field.vector];
    builder.startVector(size, numbers.length, size);
    for (const number of [...numbers].reverse()) add(builder, number);
    return builder.endVector();
  }
  if ('table' in field) {
    if (field.table !== '') return writeTable(builder, schema[field.table as TableName], value as Values);
    const { name, values } = value as { name: keyof typeof options; values: Values };
    return writeTable(builder, options[name].fields, values);
  }
  if (!('tables' in field)) throw new Error('A number is no child of a table');
  const offsets = (value as readonly Values[]).map((each) => writeTable(builder, schema[field.tables as TableName], each));
  builder.startVector(4, offsets.length, 4);
  for (const offset of offsets.reverse()) builder.addOffset(offset);
  return builder.endVector();
}

function writeBytes(builder: Builder, bytes: Uint8Array, alignment: number): number {
  builder.prep(alignment, bytes.length);
  return builder.createByteVector(bytes);
}
