import { type Lifetime, leastBytes } from './lifetimes.js';

/** Where each stretch of memory lies, and the bytes of all. */
export interface Placement {
  readonly offsets: ReadonlyMap<Lifetime, number>;
  readonly bytes: number;
}

/** Stretches up to which every order is tried, and the steps that this may take. */
const FEW = 9;
const MOST_STEPS = 100_000;

/**
 * Offsets for stretches of memory so that none overlap that are needed at one time: the best of several orders, each stretch in turn at the lowest
 * offset that is free while it is needed. Where there are few, every order is tried: one of them gives the least memory that there is.
 */
export function placeLifetimes(lifetimes: readonly Lifetime[]): Placement {
  const least = leastBytes(lifetimes);
  const length = ({ first, last }: Lifetime) => last - first + 1;
  const orders: ((a: Lifetime, b: Lifetime) => number)[] = [
    (a, b) => b.bytes - a.bytes || a.first - b.first,
    (a, b) => b.bytes * length(b) - a.bytes * length(a),
    (a, b) => length(b) - length(a) || b.bytes - a.bytes,
    (a, b) => a.first - b.first || b.bytes - a.bytes,
    (a, b) => b.last - a.last || b.bytes - a.bytes,
  ];
  let best: Placement | undefined;
  for (const order of orders) {
    const placed = inOrder([...lifetimes].sort(order));
    if (!best || placed.bytes < best.bytes) best = placed;
    if (best.bytes <= least) return best;
  }
  const found = best ?? { offsets: new Map(), bytes: 0 };
  return lifetimes.length <= FEW ? everyOrder(lifetimes, found, least) : found;
}

function inOrder(lifetimes: readonly Lifetime[]): Placement {
  const offsets = new Map<Lifetime, number>();
  for (const each of lifetimes) offsets.set(each, lowestFree(each, offsets));
  return { offsets, bytes: extent(offsets) };
}

function extent(offsets: ReadonlyMap<Lifetime, number>): number {
  let bytes = 0;
  for (const [lifetime, offset] of offsets) bytes = Math.max(bytes, offset + lifetime.bytes);
  return bytes;
}

/** The lowest offset at which a stretch fits beside those that are placed. */
function lowestFree(lifetime: Lifetime, offsets: ReadonlyMap<Lifetime, number>): number {
  const meets = [...offsets].filter(([other]) => other.first <= lifetime.last && lifetime.first <= other.last).sort((a, b) => a[1] - b[1]);
  const align = (offset: number) => Math.ceil(offset / lifetime.alignment) * lifetime.alignment;
  let offset = 0;
  for (const [other, start] of meets) {
    if (offset + lifetime.bytes <= start) break;
    offset = Math.max(offset, align(start + other.bytes));
  }
  return offset;
}

/** Depth-first over all orders, leaving out what is no better than the best so far. */
function everyOrder(lifetimes: readonly Lifetime[], start: Placement, least: number): Placement {
  let best = start;
  let steps = 0;
  const offsets = new Map<Lifetime, number>();
  const visit = (left: readonly Lifetime[]): void => {
    if (best.bytes <= least || steps++ > MOST_STEPS) return;
    const bytes = extent(offsets);
    if (bytes >= best.bytes) return;
    if (left.length === 0) best = { offsets: new Map(offsets), bytes };
    for (const each of left) {
      offsets.set(each, lowestFree(each, offsets));
      visit(left.filter((other) => other !== each));
      offsets.delete(each);
    }
  };
  visit(lifetimes);
  return best;
}
