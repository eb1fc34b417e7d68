import { binary, type Expr, number, type StorageType, sub } from '../loops/index.js';

/** Operations whose results may need more bits than their operands. */
const growing = new Set(['add', 'sub', 'mul', 'div', 'shl', 'xor', 'neg', 'abs']);

/** A value of a type below 32 bits, which is computed in 32: cut to its bits, as it would be if it were stored and read again. */
export function narrowed(type: StorageType, value: Expr): Expr {
  if (!/^[iu](8|16)$/.test(type) || value.type !== 'i32' || !grows(value)) return value;
  const bits = Number(type.slice(1));
  const low = binary('and', value, number(2 ** bits - 1));
  return type.startsWith('u') ? low : sub(binary('xor', low, number(2 ** (bits - 1))), number(2 ** (bits - 1)));
}

function grows(value: Expr): boolean {
  if (value.kind === 'cast') return (value.of.type === 'u32' || value.of.type === 'u64') && grows(value.of);
  return value.kind === 'sum' || ((value.kind === 'binary' || value.kind === 'unary') && growing.has(value.op));
}
