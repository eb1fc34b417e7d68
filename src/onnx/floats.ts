const scratch = new Float32Array(1);
const bitsView = new Uint32Array(scratch.buffer);

/** IEEE 754 binary16 bits to a number. */
export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A number to IEEE 754 binary16 bits, rounded to nearest, ties to even. */
export function numberToFloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundHalfEven(size * 2 ** 24);
  const exponent = Math.min(15, Math.floor(Math.log2(size)));
  const safe = size < 2 ** exponent ? exponent - 1 : size >= 2 ** (exponent + 1) ? exponent + 1 : exponent;
  return sign | (((safe + 15) << 10) + roundHalfEven((size / 2 ** safe - 1) * 1024));
}

/** bfloat16 bits to a number. */
export function bfloat16ToNumber(bits: number): number {
  bitsView[0] = bits << 16;
  return scratch[0];
}

/** A number to bfloat16 bits, rounded to nearest, ties to even. */
export function numberToBfloat16(value: number): number {
  scratch[0] = value;
  const bits = bitsView[0];
  if (Number.isNaN(value)) return 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Nearest integer, ties to even: the rounding of QuantizeLinear. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** An 8-bit or 4-bit float of `exponentBits` and `fractionBits` to a number. */
export function smallFloatToNumber(
  bits: number,
  format: { exponentBits: number; fractionBits: number; bias: number; kind: 'ieee' | 'fn' | 'fnuz' | 'finite' },
): number {
  const { exponentBits, fractionBits, bias, kind } = format;
  const sign = (bits >> (exponentBits + fractionBits)) & 1 ? -1 : 1;
  const exponent = (bits >> fractionBits) & ((1 << exponentBits) - 1);
  const fraction = bits & ((1 << fractionBits) - 1);
  const last = (1 << exponentBits) - 1;
  if (kind === 'fnuz' && sign < 0 && exponent === 0 && fraction === 0) return Number.NaN;
  if (kind === 'fn' && exponent === last && fraction === (1 << fractionBits) - 1) return Number.NaN;
  if (kind === 'ieee' && exponent === last) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  const scale = 2 ** -fractionBits;
  return exponent === 0 ? sign * fraction * scale * 2 ** (1 - bias) : sign * (1 + fraction * scale) * 2 ** (exponent - bias);
}
