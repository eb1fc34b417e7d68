import { bytesOfStorage, type Lowered, type Port } from '#dist/infrastructure/codegen/index.js';

/** Bytes of an input or output. */
export function bytesOfPort({ buffer }: Port): number {
  return bytesOfStorage(buffer.type, buffer.size);
}

/** The bytes of each output, of bytes in which they lie one after the other. @param from where the first one begins. */
export function outputsIn({ outputs }: Lowered, bytes: Uint8Array, from = 0): Uint8Array[] {
  let at = from;
  return outputs.map((port) => {
    const begin = at;
    at += bytesOfPort(port);
    return bytes.slice(begin, at);
  });
}
