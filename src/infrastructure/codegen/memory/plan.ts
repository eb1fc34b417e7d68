import type { Buffer, Kernel } from '../loops/index.js';
import { overlaysOf } from './in-place.js';
import { accessOf, lifetimesOf } from './lifetimes.js';
import { placeLifetimes } from './place.js';
import { ordersOf } from './schedule.js';

/** In which order kernels run and where their buffers lie. */
export interface MemoryPlan {
  readonly kernels: readonly Kernel[];
  /** Bytes from the begin of the arena, for buffers that live there. */
  readonly offsets: ReadonlyMap<Buffer, number>;
  /** Bytes of the arena. */
  readonly bytes: number;
  /** Buffers in use while each kernel runs. */
  readonly living: readonly (readonly Buffer[])[];
}

/** Plans the memory of kernels: of several orders, the one that needs the least. */
export function planMemory(kernels: readonly Kernel[]): MemoryPlan {
  let best: MemoryPlan | undefined;
  for (const order of ordersOf(kernels)) {
    const plan = planOrder(order);
    if (!best || plan.bytes < best.bytes) best = plan;
  }
  return best ?? { kernels, offsets: new Map(), bytes: 0, living: [] };
}

function planOrder(kernels: readonly Kernel[]): MemoryPlan {
  const access = kernels.map(accessOf);
  const lifetimes = lifetimesOf(access, overlaysOf(kernels, access));
  const placed = placeLifetimes(lifetimes);
  const offsets = new Map<Buffer, number>();
  for (const [{ buffers }, offset] of placed.offsets) for (const buffer of buffers) offsets.set(buffer, offset);
  const living = kernels.map((_, place) =>
    lifetimes.filter(({ first, last }) => first <= place && place <= last).map(({ buffers: [buffer] }) => buffer),
  );
  return { kernels, offsets, bytes: placed.bytes, living };
}
