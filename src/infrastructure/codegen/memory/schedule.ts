import { type Buffer, bytesOfStorage, type Kernel } from '../loops/index.js';
import { type Access, accessOf, isPlanned } from './lifetimes.js';

/** Orders of kernels to choose from: as they are, and two in which what is ready is run by how much memory it frees. */
export function ordersOf(kernels: readonly Kernel[]): (readonly Kernel[])[] {
  const access = new Map(kernels.map((kernel) => [kernel, accessOf(kernel)]));
  return [kernels, greedy(kernels, access, 'frees'), greedy(kernels, access, 'small')];
}

/**
 * Of the kernels that may run, always the one after which the least memory is in use ('frees'), or that makes the least ('small'); of equal ones the
 * first.
 */
function greedy(kernels: readonly Kernel[], access: ReadonlyMap<Kernel, Access>, by: 'frees' | 'small'): Kernel[] {
  const readers = new Map<Buffer, number>();
  const writers = new Map<Buffer, number>();
  const of = (kernel: Kernel) => access.get(kernel) as Access;
  for (const kernel of kernels) {
    for (const buffer of of(kernel).reads) readers.set(buffer, (readers.get(buffer) ?? 0) + 1);
    for (const buffer of of(kernel).writes) writers.set(buffer, (writers.get(buffer) ?? 0) + 1);
  }
  const bytes = (buffer: Buffer) => (isPlanned(buffer) ? bytesOfStorage(buffer.type, buffer.size) : 0);
  const made = new Set<Buffer>();
  const left = [...kernels];
  const order: Kernel[] = [];
  const gain = (kernel: Kernel) => {
    const { reads, writes } = of(kernel);
    const makes = writes.reduce((sum, buffer) => (made.has(buffer) ? sum : sum + bytes(buffer)), 0);
    const frees = reads.reduce((sum, buffer) => (readers.get(buffer) === 1 ? sum + bytes(buffer) : sum), 0);
    return by === 'frees' ? makes - frees : makes;
  };
  while (left.length > 0) {
    // A buffer that several kernels write is whole when the last of them has run, and they run in their order.
    const ready = left.filter(
      (kernel) => isReady(of(kernel), writers) && !left.some((other) => other !== kernel && isEarlierWriter(other, kernel)),
    );
    const next = (ready.length > 0 ? ready : left).reduce((best, kernel) => (gain(kernel) < gain(best) ? kernel : best));
    left.splice(left.indexOf(next), 1);
    order.push(next);
    for (const buffer of of(next).reads) readers.set(buffer, (readers.get(buffer) ?? 0) - 1);
    for (const buffer of of(next).writes) {
      made.add(buffer);
      writers.set(buffer, (writers.get(buffer) ?? 0) - 1);
    }
  }
  return order;

  function isEarlierWriter(other: Kernel, kernel: Kernel): boolean {
    return kernels.indexOf(other) < kernels.indexOf(kernel) && of(other).writes.some((buffer) => of(kernel).writes.includes(buffer));
  }
}

function isReady({ reads, writes }: Access, writers: ReadonlyMap<Buffer, number>): boolean {
  return reads.every(
    (buffer) => buffer.role === 'input' || buffer.role === 'constant' || (writers.get(buffer) ?? 0) === 0 || writes.includes(buffer),
  );
}
