/** A copy with the bytes of each element reversed: big-endian to little-endian or back. */
export function swapBytes(bytes: Uint8Array, elementSize: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let start = 0; start < bytes.length; start += elementSize) {
    for (let i = 0; i < elementSize; i++) out[start + i] = bytes[start + elementSize - 1 - i];
  }
  return out;
}
