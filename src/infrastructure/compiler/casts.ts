import type { DataType } from '../../onnx/index.js';

/** Bits of the significand (sign apart) and whether there is a sign: a type holds every whole number of up to so many bits. */
const numbers: Partial<Record<DataType, { bits: number; signed: boolean; float?: { exponent: number } }>> = {
  bool: { bits: 1, signed: false },
  uint8: { bits: 8, signed: false },
  uint16: { bits: 16, signed: false },
  uint32: { bits: 32, signed: false },
  uint64: { bits: 64, signed: false },
  int8: { bits: 7, signed: true },
  int16: { bits: 15, signed: true },
  int32: { bits: 31, signed: true },
  int64: { bits: 63, signed: true },
  bfloat16: { bits: 8, signed: true, float: { exponent: 8 } },
  float16: { bits: 11, signed: true, float: { exponent: 5 } },
  float32: { bits: 24, signed: true, float: { exponent: 8 } },
  float64: { bits: 53, signed: true, float: { exponent: 11 } },
};

/** Whether Cast from `from` to `through` and then to `to` gives what Cast from `from` to `to` gives, for every value. */
export function keepsEveryValue(from: DataType, through: DataType, to: DataType): boolean {
  const [a, b] = [numbers[from], numbers[through]];
  if (from === through) return true;
  if (!a || !b || !numbers[to] || through === 'bool') return false;
  if (a.signed && !b.signed) return false;
  if (a.float) return b.float !== undefined && b.bits >= a.bits && b.float.exponent >= a.float.exponent;
  return b.bits >= a.bits;
}
