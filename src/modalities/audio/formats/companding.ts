/** A sample of 8-bit A-law (ITU-T G.711), in [-1, 1]. */
export function fromALaw(code: number): number {
  const bits = code ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = ((bits & 15) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1);
  return (bits & 0x80 ? magnitude : -magnitude) / 32768;
}

/** A sample of 8-bit mu-law (ITU-T G.711), in [-1, 1]. */
export function fromMuLaw(code: number): number {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 15) << 3) + 132) << ((bits >> 4) & 7)) - 132;
  // Of the two codes of silence one would be -0.
  return (bits & 0x80 ? 0 - magnitude : magnitude) / 32768;
}
