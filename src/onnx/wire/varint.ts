/** The variable-length number that starts at `position`; undefined where it does not end before `end`. Above 2^53 it is rounded. */
export function readVarint(bytes: Uint8Array, position: number, end: number): { value: number; next: number } | undefined {
  let value = 0;
  let scale = 1;
  for (let index = position; index < end; index++) {
    value += (bytes[index] & 0x7f) * scale;
    if (bytes[index] < 0x80) return { value, next: index + 1 };
    scale *= 128;
  }
  return undefined;
}

export function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** All chunks in one array. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    out.set(chunk, offset);
    offset += chunk.length;
  }
  return out;
}
