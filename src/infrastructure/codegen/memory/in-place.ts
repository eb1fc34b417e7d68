import { type Buffer, type Kernel, keyOf, type Statement, statementsOf } from '../loops/index.js';
import { expressionsIn, within } from '../loops/walk.js';
import type { Access } from './lifetimes.js';

/**
 * Which buffers may be computed in the place of another: a kernel's result in that of an arena buffer which no later kernel reads, of whose elements each
 * is read only by the round of the loops that writes the result's element of that place.
 */
export function overlaysOf(kernels: readonly Kernel[], order: readonly Access[]): Map<Buffer, Buffer> {
  const lastRead = new Map<Buffer, number>();
  const firstWrite = new Map<Buffer, number>();
  order.forEach(({ reads, writes }, place) => {
    for (const buffer of reads) lastRead.set(buffer, place);
    for (const buffer of writes) if (!firstWrite.has(buffer)) firstWrite.set(buffer, place);
  });
  const overlays = new Map<Buffer, Buffer>();
  const used = new Set<Buffer>();
  kernels.forEach((kernel, place) => {
    const { reads, writes } = order[place];
    for (const result of writes) {
      if (result.role !== 'arena' || firstWrite.get(result) !== place || overlays.has(result)) continue;
      const under = reads.find(
        (buffer) =>
          buffer !== result &&
          buffer.role === 'arena' &&
          !used.has(buffer) &&
          buffer.type === result.type &&
          buffer.size >= result.size &&
          lastRead.get(buffer) === place &&
          firstWrite.get(buffer) !== place &&
          readsWhatItWrites(kernel.body, buffer, result),
      );
      if (!under) continue;
      overlays.set(result, under);
      used.add(under);
    }
  });
  return overlays;
}

/** Whether each element of `read` that a round reads is one that it writes in `written`, and `written` is written once and not read. */
function readsWhatItWrites(body: readonly Statement[], read: Buffer, written: Buffer): boolean {
  const stores = new Set<string>();
  const loads = new Set<string>();
  for (const statement of statementsOf(body)) {
    if (statement.kind === 'store' && statement.buffer === written) {
      const key = keyOf(statement.index);
      if (stores.has(key)) return false;
      stores.add(key);
    }
    for (const expr of expressionsIn(statement)) {
      for (const part of within(expr)) {
        if (part.kind !== 'load') continue;
        if (part.buffer === written) return false;
        if (part.buffer === read) loads.add(keyOf(part.index));
      }
    }
  }
  return [...loads].every((key) => stores.has(key));
}
