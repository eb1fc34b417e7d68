/** An array as NumPy writes it: little-endian, float32 or int64 by the type of its numbers. */
export function npy(shape: readonly number[], data: Float32Array | BigInt64Array): Uint8Array {
  const type = data instanceof Float32Array ? '<f4' : '<i8';
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const header = `${text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11)}\n`;
  const head = new TextEncoder().encode(`\u0000NUMPY\u0001\u0000\u0000\u0000${header}`);
  head[0] = 0x93;
  new DataView(head.buffer).setUint16(8, header.length, true);
  return Uint8Array.from([...head, ...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}
