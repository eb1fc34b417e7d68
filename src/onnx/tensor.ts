import { FormatError, sizeOf } from '../base/index.js';
import { bitsOf, byteLengthOf, type DataType, type TypedArray, viewAs } from './dtypes.js';
import { bfloat16ToNumber, float16ToNumber, numberToBfloat16, numberToFloat16, smallFloatToNumber } from './floats.js';

/** Bytes that may still lie in a file. Reading is synchronous, because graph code is; a browser keeps them in memory. */
export interface ByteSource {
  readonly byteLength: number;
  read(): Uint8Array;
}

/** What a tensor keeps of the file it was read from, so that an untouched one is written as it was. Owned by wire/. */
export interface TensorOrigin {
  readonly wire: unknown;
}

const smallFloats = {
  float8e4m3fn: { exponentBits: 4, fractionBits: 3, bias: 7, kind: 'fn' },
  float8e4m3fnuz: { exponentBits: 4, fractionBits: 3, bias: 8, kind: 'fnuz' },
  float8e5m2: { exponentBits: 5, fractionBits: 2, bias: 15, kind: 'ieee' },
  float8e5m2fnuz: { exponentBits: 5, fractionBits: 2, bias: 16, kind: 'fnuz' },
  float6e2m3: { exponentBits: 2, fractionBits: 3, bias: 1, kind: 'finite' },
  float6e3m2: { exponentBits: 3, fractionBits: 2, bias: 3, kind: 'finite' },
  float4e2m1: { exponentBits: 2, fractionBits: 1, bias: 1, kind: 'finite' },
} as const;

/**
 * A constant array: element type, shape, and contents that are read only when asked for. Immutable by agreement: `data()` may be a view
 * of the model's file, so copy before writing.
 */
export class Tensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly origin?: TensorOrigin;
  readonly #source: ByteSource | readonly Uint8Array[];

  /** @param source raw little-endian bytes (packed below 8 bits), or for `string` the UTF-8 bytes of each element. */
  constructor(dtype: DataType, shape: readonly number[], source: ByteSource | Uint8Array | readonly Uint8Array[], origin?: TensorOrigin) {
    this.dtype = dtype;
    this.shape = shape;
    this.origin = origin;
    this.#source = source instanceof Uint8Array ? { byteLength: source.byteLength, read: () => source } : source;
  }

  /** A tensor over the elements of a typed array (not copied), e.g. `Tensor.of('float32', [2, 3], new Float32Array(6))`. */
  static of(dtype: DataType, shape: readonly number[], data: TypedArray): Tensor {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (bytes.byteLength !== byteLengthOf(dtype, sizeOf(shape))) {
      throw new FormatError({
        what: `Data does not fill a ${dtype} tensor of shape [${shape}]`,
        expected: `${byteLengthOf(dtype, sizeOf(shape))} bytes`,
        got: `${bytes.byteLength}`,
      });
    }
    return new Tensor(dtype, shape, bytes);
  }

  /** A tensor of numbers, rounded to `dtype`; a scalar where `shape` is []. For int64 they must be safe integers. */
  static from(dtype: DataType, shape: readonly number[], values: ArrayLike<number>): Tensor {
    return Tensor.of(dtype, shape, encodeNumbers(dtype, values));
  }

  /** A one-element tensor of shape []. */
  static scalar(dtype: DataType, value: number): Tensor {
    return Tensor.from(dtype, [], [value]);
  }

  /** A tensor of texts. */
  static strings(shape: readonly number[], values: readonly string[]): Tensor {
    const encoder = new TextEncoder();
    return new Tensor(
      'string',
      shape,
      values.map((value) => encoder.encode(value)),
    );
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Bytes of contents, without reading them. */
  get byteLength(): number {
    if (this.dtype === 'string') return this.stringBytes().reduce((sum, text) => sum + text.byteLength, 0);
    return byteLengthOf(this.dtype, this.size);
  }

  /** Raw little-endian bytes. @throws FormatError where they do not fill the shape. */
  bytes(): Uint8Array {
    if (Array.isArray(this.#source)) throw new FormatError('A tensor of strings has no raw bytes');
    const source = this.#source as ByteSource;
    const expected = byteLengthOf(this.dtype, this.size);
    if (source.byteLength !== expected) {
      throw new FormatError({
        what: `Contents do not fill a ${this.dtype} tensor of shape [${this.shape}]`,
        expected: `${expected} bytes`,
        got: `${source.byteLength}`,
      });
    }
    return source.read();
  }

  /** UTF-8 bytes of each element of a `string` tensor. */
  stringBytes(): readonly Uint8Array[] {
    if (!Array.isArray(this.#source)) throw new FormatError(`A ${this.dtype} tensor has no strings`);
    return this.#source;
  }

  /** Elements as a typed array (see `TypedArray` for how 16-bit floats and packed types appear). May be a view: do not write to it. */
  data(): TypedArray {
    return viewAs(this.dtype, this.bytes());
  }

  /** Elements as numbers, whatever the type: packed types unpacked, small floats decoded, int64 rounded to a double. */
  numbers(): Float64Array {
    const out = new Float64Array(this.size);
    const { dtype } = this;
    const bits = bitsOf(dtype);
    const data = this.data();
    if (bits < 8) unpack(data as Uint8Array, bits, out);
    else for (let i = 0; i < out.length; i++) out[i] = Number(data[i]);
    if (dtype === 'float16') for (let i = 0; i < out.length; i++) out[i] = float16ToNumber(out[i]);
    else if (dtype === 'bfloat16') for (let i = 0; i < out.length; i++) out[i] = bfloat16ToNumber(out[i]);
    else if (dtype === 'float8e8m0') for (let i = 0; i < out.length; i++) out[i] = out[i] === 255 ? Number.NaN : 2 ** (out[i] - 127);
    else if (dtype in smallFloats) {
      const format = smallFloats[dtype as keyof typeof smallFloats];
      for (let i = 0; i < out.length; i++) out[i] = smallFloatToNumber(out[i], format);
    } else if (dtype === 'int4' || dtype === 'int2') {
      const half = 2 ** (bits - 1);
      for (let i = 0; i < out.length; i++) if (out[i] >= half) out[i] -= 2 * half;
    }
    return out;
  }

  /** Elements as 32-bit floats: a view for float32, a converted copy for the rest. */
  toFloat32(): Float32Array {
    return this.dtype === 'float32' ? (this.data() as Float32Array) : Float32Array.from(this.numbers());
  }

  /** The same contents under another shape of the same size. */
  reshape(shape: readonly number[]): Tensor {
    return new Tensor(this.dtype, shape, this.#source);
  }
}

function encodeNumbers(dtype: DataType, values: ArrayLike<number>): TypedArray {
  const count = values.length;
  switch (dtype) {
    case 'float32':
      return Float32Array.from(values);
    case 'float64':
      return Float64Array.from(values);
    case 'float16':
      return Uint16Array.from(values, numberToFloat16);
    case 'bfloat16':
      return Uint16Array.from(values, numberToBfloat16);
    case 'int64':
      return BigInt64Array.from(Array.from(values, BigInt));
    case 'uint64':
      return BigUint64Array.from(Array.from(values, BigInt));
    case 'int8':
      return Int8Array.from(values);
    case 'uint8':
      return Uint8Array.from(values);
    case 'bool':
      return Uint8Array.from(values, (value) => (value ? 1 : 0));
    case 'int16':
      return Int16Array.from(values);
    case 'uint16':
      return Uint16Array.from(values);
    case 'int32':
      return Int32Array.from(values);
    case 'uint32':
      return Uint32Array.from(values);
    case 'int4':
    case 'uint4':
    case 'int2':
    case 'uint2': {
      const bits = bitsOf(dtype);
      const packed = new Uint8Array(byteLengthOf(dtype, count));
      for (let i = 0; i < count; i++) packed[Math.floor((i * bits) / 8)] |= (values[i] & (2 ** bits - 1)) << ((i * bits) % 8);
      return packed;
    }
    default:
      throw new FormatError(`Numbers cannot be stored as ${dtype}`);
  }
}

function unpack(packed: Uint8Array, bits: number, out: Float64Array): void {
  const mask = 2 ** bits - 1;
  for (let i = 0; i < out.length; i++) {
    const byte = Math.floor((i * bits) / 8);
    const pair = packed[byte] | ((packed[byte + 1] ?? 0) << 8);
    out[i] = (pair >> ((i * bits) % 8)) & mask;
  }
}
