import { FormatError } from '../base/index.js';

/** Element types in the order of ONNX's TensorProto.DataType, whose codes are the indices (IR version 14). */
const names = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
  'uint2',
  'int2',
  'float6e2m3',
  'float6e3m2',
] as const;

/** The element type of a tensor, by numpy's names. */
export type DataType = Exclude<(typeof names)[number], 'undefined'>;

/** Bits of one element; strings have none. */
const bits: Record<DataType, number> = {
  float32: 32,
  uint8: 8,
  int8: 8,
  uint16: 16,
  int16: 16,
  int32: 32,
  int64: 64,
  string: 0,
  bool: 8,
  float16: 16,
  float64: 64,
  uint32: 32,
  uint64: 64,
  complex64: 64,
  complex128: 128,
  bfloat16: 16,
  float8e4m3fn: 8,
  float8e4m3fnuz: 8,
  float8e5m2: 8,
  float8e5m2fnuz: 8,
  uint4: 4,
  int4: 4,
  float4e2m1: 4,
  float8e8m0: 8,
  uint2: 2,
  int2: 2,
  float6e2m3: 6,
  float6e3m2: 6,
};

/** Bits that one element takes in raw data; 0 for strings. Types under 8 bits are packed, the first element in the low bits. */
export function bitsOf(dtype: DataType): number {
  return bits[dtype];
}

/** Bytes of raw data that `count` elements take; sub-byte types are packed and the last byte is padded. */
export function byteLengthOf(dtype: DataType, count: number): number {
  return Math.ceil((bits[dtype] * count) / 8);
}

/** ONNX's code for an element type. */
export function codeOf(dtype: DataType): number {
  return names.indexOf(dtype);
}

/** The element type of an ONNX code; undefined for 0, which means "not stated". @throws FormatError for a code the specification does not have. */
export function dtypeOf(code: number): DataType | undefined {
  if (code === 0) return undefined;
  const name = names[code];
  if (name === undefined) {
    throw new FormatError({ what: 'Unknown tensor element type', expected: `a code from 1 to ${names.length - 1}`, got: String(code) });
  }
  return name as DataType;
}

const floats = new Set<DataType>(['float32', 'float64', 'float16', 'bfloat16']);

/** The smallest and the largest integer of a type of 32 bits at most; undefined for other types, booleans too. */
export function integerLimits(dtype: DataType): readonly [low: number, high: number] | undefined {
  const [, unsigned, width] = /^(u?)int(\d+)$/.exec(dtype) ?? [];
  if (width === undefined || Number(width) > 32) return undefined;
  const count = 2 ** Number(width);
  return unsigned ? [0, count - 1] : [-count / 2, count / 2 - 1];
}

/** Whether values of this type can carry a gradient. */
export function isFloat(dtype: DataType | undefined): boolean {
  return dtype !== undefined && floats.has(dtype);
}

/** Typed arrays that hold tensor elements. float16 and bfloat16 are their bit patterns in a Uint16Array; 8-bit floats and packed
 * types are bytes. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

type ArrayType = { new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray; BYTES_PER_ELEMENT: number };

const arrays: Partial<Record<DataType, ArrayType>> = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  complex64: Float32Array,
  complex128: Float64Array,
};

/** Little-endian bytes seen as elements of `dtype`, without a copy where they are aligned. */
export function viewAs(dtype: DataType, bytes: Uint8Array): TypedArray {
  const type = arrays[dtype] ?? Uint8Array;
  const step = type.BYTES_PER_ELEMENT;
  // Not bytes.slice(), which shares the memory where the bytes are Node's Buffer.
  const aligned = bytes.byteOffset % step === 0 ? bytes : new Uint8Array(bytes);
  return new type(aligned.buffer, aligned.byteOffset, Math.floor(aligned.byteLength / step));
}
