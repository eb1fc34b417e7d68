import type { Buffer, ScalarType, StorageType } from '../../codegen/index.js';

const types: Readonly<Record<StorageType, string>> = {
  f32: 'float',
  f64: 'double',
  i8: 'int8_t',
  u8: 'uint8_t',
  i16: 'int16_t',
  u16: 'uint16_t',
  i32: 'int32_t',
  u32: 'uint32_t',
  i64: 'int64_t',
  u64: 'uint64_t',
  // Several share a byte.
  i4: 'uint8_t',
  u4: 'uint8_t',
  i2: 'uint8_t',
  u2: 'uint8_t',
};

/** C's name of a type. */
export function typeName(type: StorageType | ScalarType): string {
  return types[type];
}

/** A number as C reads it back, to the last bit. */
export function literal(value: number | bigint, type: ScalarType): string {
  if (type === 'f32' || type === 'f64') return floatLiteral(Number(value), type);
  if (type === 'i64') return value === -(2n ** 63n) ? 'INT64_MIN' : `INT64_C(${value})`;
  if (type === 'u64') return `UINT64_C(${BigInt.asUintN(64, BigInt(value))})`;
  if (type === 'u32') return `${Number(value) >>> 0}u`;
  const whole = Number(value);
  return whole === -(2 ** 31) ? 'INT32_MIN' : String(whole);
}

function floatLiteral(value: number, type: 'f32' | 'f64'): string {
  if (Number.isNaN(value)) return type === 'f32' ? 'NAN' : '(double)NAN';
  if (!Number.isFinite(value)) return `${value < 0 ? '-' : ''}${type === 'f32' ? 'INFINITY' : '(double)INFINITY'}`;
  const text = Object.is(value, -0) ? '-0' : type === 'f32' ? shortest(value) : String(value);
  const decimal = /[.e]/.test(text) ? text : `${text}.0`;
  return type === 'f32' ? `${decimal}f` : decimal;
}

/** The fewest digits that give the same 32-bit float. */
function shortest(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === Math.fround(value)) return String(text);
  }
  return String(Number(value.toPrecision(9)));
}

const LINE = 140;

/** The definition of a constant. */
export function constantDefinition(name: string, { type, contents = [] }: Buffer): string {
  const wide = contents.length > 0 && typeof contents[0] === 'bigint';
  const scalar: ScalarType = type === 'f32' || type === 'f64' ? type : wide ? (type as 'i64' | 'u64') : 'i32';
  const lines: string[] = [];
  let line = ' ';
  for (let i = 0; i < contents.length; i++) {
    const text = ` ${type === 'u32' ? literal(contents[i], 'u32') : literal(contents[i], scalar)},`;
    if (line.length + text.length > LINE) {
      lines.push(line);
      line = ' ';
    }
    line += text;
  }
  lines.push(line);
  return `static const ${typeName(type)} ${name}[${contents.length}] = {\n${lines.join('\n')}\n};\n`;
}
