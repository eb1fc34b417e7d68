import { type Buffer, bitsOfStorage, bytesOfStorage, type Kernel, readsOf, writesOf } from '../loops/index.js';

/** A stretch of memory that is needed from one kernel to another. */
export interface Lifetime {
  /** Buffers that share it: the result of an operator computed in place lies where its input lay. */
  readonly buffers: readonly Buffer[];
  readonly bytes: number;
  /** Its offset is a multiple of this many bytes. */
  readonly alignment: number;
  /** Places of the first and the last kernel that use it. */
  readonly first: number;
  readonly last: number;
}

/** Which buffers kernels read and write, each once. */
export interface Access {
  readonly reads: readonly Buffer[];
  readonly writes: readonly Buffer[];
}

export function accessOf({ body }: Kernel): Access {
  return { reads: readsOf(body), writes: writesOf(body) };
}

/** Whether a plan decides where a buffer lies. */
export function isPlanned({ role }: Buffer): boolean {
  return role === 'arena' || role === 'scratch';
}

/**
 * From when to when each buffer is needed, if kernels run in an order.
 * @param overlays for a buffer, the one in whose place it is computed.
 */
export function lifetimesOf(order: readonly Access[], overlays: ReadonlyMap<Buffer, Buffer>): Lifetime[] {
  const rootOf = (buffer: Buffer): Buffer => {
    const under = overlays.get(buffer);
    return under ? rootOf(under) : buffer;
  };
  const found = new Map<Buffer, { buffers: Set<Buffer>; first: number; last: number }>();
  order.forEach(({ reads, writes }, place) => {
    for (const buffer of [...reads, ...writes]) {
      if (!isPlanned(buffer)) continue;
      const root = rootOf(buffer);
      const known = found.get(root);
      if (known) {
        known.buffers.add(buffer);
        known.last = place;
      } else found.set(root, { buffers: new Set([buffer]), first: place, last: place });
    }
  });
  return [...found.values()].map(({ buffers, first, last }) => ({
    buffers: [...buffers],
    bytes: Math.max(...[...buffers].map(({ type, size }) => bytesOfStorage(type, size))),
    alignment: Math.max(4, ...[...buffers].map(({ type }) => bitsOfStorage(type) / 8)),
    first,
    last,
  }));
}

/** Most bytes that are needed at one time: no plan needs fewer. */
export function leastBytes(lifetimes: readonly Lifetime[]): number {
  const places = new Set(lifetimes.map(({ first }) => first));
  const at = (place: number) => lifetimes.reduce((sum, { first, last, bytes }) => (first <= place && place <= last ? sum + bytes : sum), 0);
  return Math.max(0, ...[...places].map(at));
}
