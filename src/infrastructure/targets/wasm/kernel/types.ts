import type { ScalarType, StorageType } from '../../../codegen/index.js';
import type { Opcode, ValueType } from '../assembler/index.js';

/** The type of a local that holds a scalar. */
export function valueType(type: ScalarType): ValueType {
  return type === 'u32' ? 'i32' : type === 'u64' ? 'i64' : type;
}

export function isFloat(type: ScalarType): boolean {
  return type === 'f32' || type === 'f64';
}

/** Whether four of them are a vector of 128 bits. */
export function fitsVector(type: ScalarType): boolean {
  return type === 'f32' || type === 'i32' || type === 'u32';
}

/** How an element is read; of types that share bytes, the byte. */
export const loads: Readonly<Record<StorageType, Opcode>> = {
  f32: 'f32.load',
  f64: 'f64.load',
  i8: 'i32.load8_s',
  u8: 'i32.load8_u',
  i16: 'i32.load16_s',
  u16: 'i32.load16_u',
  i32: 'i32.load',
  u32: 'i32.load',
  i64: 'i64.load',
  u64: 'i64.load',
  i4: 'i32.load8_u',
  u4: 'i32.load8_u',
  i2: 'i32.load8_u',
  u2: 'i32.load8_u',
};

/** How an element is written: a number that is wider is cut. Nothing writes types that share bytes. */
export const stores: Readonly<Record<StorageType, Opcode>> = {
  f32: 'f32.store',
  f64: 'f64.store',
  i8: 'i32.store8',
  u8: 'i32.store8',
  i16: 'i32.store16',
  u16: 'i32.store16',
  i32: 'i32.store',
  u32: 'i32.store',
  i64: 'i64.store',
  u64: 'i64.store',
  i4: 'i32.store8',
  u4: 'i32.store8',
  i2: 'i32.store8',
  u2: 'i32.store8',
};

const integer = (wide: 'i32' | 'i64', sign: 's' | 'u'): Partial<Record<ScalarType, readonly Opcode[]>> => ({
  f32: [`${wide}.trunc_sat_f32_${sign}`],
  f64: [`${wide}.trunc_sat_f64_${sign}`],
  ...(wide === 'i32' ? { i64: ['i32.wrap_i64'], u64: ['i32.wrap_i64'] } : { i32: ['i64.extend_i32_s'], u32: ['i64.extend_i32_u'] }),
});

/** Instructions from a type (inner) to another (outer); none where the bits are the same. */
export const casts: Readonly<Record<ScalarType, Partial<Record<ScalarType, readonly Opcode[]>>>> = {
  i32: integer('i32', 's'),
  u32: integer('i32', 'u'),
  i64: integer('i64', 's'),
  u64: integer('i64', 'u'),
  f32: {
    i32: ['f32.convert_i32_s'],
    u32: ['f32.convert_i32_u'],
    i64: ['f32.convert_i64_s'],
    u64: ['f32.convert_i64_u'],
    f64: ['f32.demote_f64'],
  },
  f64: {
    i32: ['f64.convert_i32_s'],
    u32: ['f64.convert_i32_u'],
    i64: ['f64.convert_i64_s'],
    u64: ['f64.convert_i64_u'],
    f32: ['f64.promote_f32'],
  },
};

const unsignedOnes = new Set(['div', 'rem', 'shr', 'lt', 'le', 'gt', 'ge', 'min', 'max']);

/** The instruction of an operation on scalars: "add" of "u32" is "i32.add", "lt" of "u32" is "i32.lt_u". */
export function scalarOpcode(operation: string, type: ScalarType): Opcode {
  const name = operation === 'mod' ? 'rem' : operation;
  const sign = !isFloat(type) && unsignedOnes.has(name) ? (type.startsWith('u') ? '_u' : '_s') : '';
  return `${valueType(type)}.${name}${sign}` as Opcode;
}

/** The instruction of an operation on four lanes; it may be that there is none. */
export function vectorOpcode(operation: string, type: ScalarType): string {
  if (['and', 'or', 'xor'].includes(operation)) return `v128.${operation}`;
  const sign = !isFloat(type) && unsignedOnes.has(operation) ? (type === 'u32' ? '_u' : '_s') : '';
  return `${type === 'f32' ? 'f32x4' : 'i32x4'}.${operation}${sign}`;
}
