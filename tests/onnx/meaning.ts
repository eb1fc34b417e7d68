import { createHash } from 'node:crypto';
import { type DescMessage, fromBinary, type Message } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { ModelProtoSchema, type TensorProto } from '#dist/onnx/wire/onnx_pb.js';

/** A message as plain data in which two messages that mean the same are deeply equal. */
export type Meaning = { [field: string]: unknown };

/**
 * What a serialized model says: fields by name, those at their defaults left out; value_info and metadata in any order; tensor contents as the bytes that
 * they stand for, whichever field holds them; 'ai.onnx' is ''. Unknown fields are included, byte for byte.
 */
export function meaningOf(bytes: Uint8Array): Meaning {
  return messageMeaning(ModelProtoSchema, fromBinary(ModelProtoSchema, bytes));
}

/** Where two meanings differ first, as a path; undefined where they do not. */
export function firstDifference(a: unknown, b: unknown, path = ''): string | undefined {
  if (Object.is(a, b)) return undefined;
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return `${path}: ${show(a)} is not ${show(b)}`;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = firstDifference((a as Meaning)[key], (b as Meaning)[key], `${path}/${key}`);
    if (found) return found;
  }
  return undefined;
}

function show(value: unknown): string {
  return String(JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}n` : each))).slice(0, 200);
}

const contentFields = ['float_data', 'int32_data', 'int64_data', 'double_data', 'uint64_data', 'raw_data'];
const unordered = ['value_info', 'metadata_props', 'quant_parameter_tensor_names', 'opset_import'];

function messageMeaning(schema: DescMessage, message: Message): Meaning {
  const view = reflect(schema, message);
  const meaning: Meaning = {};
  for (const field of schema.fields) {
    if (!view.isSet(field)) continue;
    const value = view.get(field) as unknown;
    if (field.fieldKind === 'message') meaning[field.name] = messageMeaning(field.message, (value as { message: Message }).message);
    else if (field.fieldKind !== 'list') {
      if (!isDefault(value)) meaning[field.name] = scalar(value);
    } else if ((value as { size: number }).size > 0) {
      const items = [...(value as Iterable<unknown>)].map((item) =>
        field.listKind === 'message' ? messageMeaning(field.message, (item as { message: Message }).message) : scalar(item),
      );
      meaning[field.name] = unordered.includes(field.name) ? items.sort((a, b) => (show(a) < show(b) ? -1 : 1)) : items;
    }
  }
  if (message.$unknown?.length) meaning.unknown = message.$unknown.map(({ no, wireType, data }) => [no, wireType, hex(data)]);
  if (schema.typeName === 'onnx.TensorProto') contentsMeaning(message as TensorProto, meaning);
  if (meaning.domain === 'ai.onnx') delete meaning.domain;
  return meaning;
}

/** Oneof members and lists keep their presence; plain scalars at their default mean the same as none. */
function isDefault(value: unknown): boolean {
  return value === 0 || value === 0n || value === '' || value === false || (value instanceof Uint8Array && value.length === 0);
}

function scalar(value: unknown): unknown {
  return value instanceof Uint8Array ? hex(value) : value;
}

function hex(bytes: Uint8Array): string {
  return bytes.length > 64 ? createHash('sha256').update(bytes).digest('hex') : Buffer.from(bytes).toString('hex');
}

/** Bytes of one entry of a typed field, by data_type; the specification's table, written down a second time. */
function contentsMeaning(tensor: TensorProto, meaning: Meaning): void {
  for (const field of contentFields) delete meaning[field];
  const write = (size: number, values: ArrayLike<number | bigint>, set: (view: DataView, at: number, value: never) => void) => {
    const bytes = new Uint8Array(size * values.length);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < values.length; i++) set(view, i * size, values[i] as never);
    return bytes;
  };
  const narrow: Record<number, number> = { 6: 4, 4: 2, 5: 2, 10: 2, 16: 2 };
  const contents = [
    tensor.rawData,
    write(4, tensor.floatData, (view, at, value) => view.setFloat32(at, value, true)),
    write(8, tensor.doubleData, (view, at, value) => view.setFloat64(at, value, true)),
    write(8, tensor.int64Data, (view, at, value) => view.setBigInt64(at, value, true)),
    tensor.dataType === 12
      ? write(4, tensor.uint64Data, (view, at, value) => view.setUint32(at, Number(value), true))
      : write(8, tensor.uint64Data, (view, at, value) => view.setBigUint64(at, value, true)),
    write(narrow[tensor.dataType] ?? 1, tensor.int32Data, (view, at, value) => {
      const size = narrow[tensor.dataType] ?? 1;
      if (size === 4) view.setInt32(at, value, true);
      else if (size === 2) view.setUint16(at, value & 0xffff, true);
      else view.setUint8(at, value & 0xff);
    }),
  ].filter((bytes) => bytes.length > 0);
  if (contents.length > 1) throw new Error(`tensor "${tensor.name}" has contents in several fields`);
  if (contents.length === 1) meaning.contents = hex(contents[0]);
}
