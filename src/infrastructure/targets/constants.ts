import type { Buffer } from '../codegen/index.js';

const arrays = {
  f32: Float32Array,
  f64: Float64Array,
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  // Several elements share a byte.
  i4: Uint8Array,
  u4: Uint8Array,
  i2: Uint8Array,
  u2: Uint8Array,
} as const;

/** The bytes of a constant, as it lies in memory: the lowest byte of a number first. */
export function bytesOfConstant({ type, contents = [] }: Buffer): Uint8Array {
  const values =
    type === 'i64' || type === 'u64'
      ? (type === 'i64' ? BigInt64Array : BigUint64Array).from(contents as ArrayLike<bigint>)
      : arrays[type].from(contents as ArrayLike<number>);
  return new Uint8Array(values.buffer, 0, values.byteLength);
}
