import { type Buffer, type Lifetimes, longestIdle } from './lifetimes.js';
import { type Dropped, type Outcome, simulate } from './schedule.js';

/** A value of this share of one that is made again from it is rather kept than made again itself. */
const SMALL = 1 / 4;
/** Tensors below this share of the peak are left alone. */
const NEGLIGIBLE = 1 / 2000;

export interface Choice {
  readonly dropped: Dropped;
  readonly outcome: Outcome;
}

/**
 * Chooses what to make again rather than keep, until no more than `budget` bytes live at one time: of what lies idle at the peak, again and again
 * the tensor that frees the most bytes for the work of making it again, with whatever else is needed for that. So what is cheap (normalizations,
 * activations, masks) goes first, and convolutions and products only where that is not enough; each kept tensor ends a segment in the sense of
 * Chen et al. 2016, "Training deep nets with sublinear memory cost".
 * @param work of running the node at a place once.
 * @returns the first choice that fits the budget; where none does, the one with the lowest peak that was found.
 */
export function choose(lifetimes: Lifetimes, work: (place: number) => number, budget: number): Choice {
  let now: Choice = { dropped: new Map(), outcome: simulate(lifetimes, new Map()) };
  const least = now.outcome.peak * NEGLIGIBLE;
  const refused = new Set<Buffer>();
  while (now.outcome.peak > budget) {
    const found = bestCandidate(lifetimes, now, refused, least, work);
    if (!found) break;
    const dropped = new Map([...now.dropped, ...found.needed]);
    const outcome = simulate(lifetimes, dropped);
    // A chain that is too long needs more than it frees.
    if (outcome.peak > now.outcome.peak) refused.add(found.buffer);
    else now = { dropped, outcome };
  }
  return now;
}

interface Candidate {
  readonly buffer: Buffer;
  /** What is to be dropped, itself among it. */
  readonly needed: ReadonlyMap<Buffer, number>;
}

function bestCandidate(
  lifetimes: Lifetimes,
  { dropped, outcome }: Choice,
  refused: ReadonlySet<Buffer>,
  least: number,
  work: (place: number) => number,
): Candidate | undefined {
  const repeated = new Set(outcome.again);
  let best: (Candidate & { readonly worth: number }) | undefined;
  for (const buffer of lifetimes.buffers) {
    if (!buffer.repeatable || buffer.bytes < least || dropped.has(buffer) || refused.has(buffer)) continue;
    const idle = longestIdle(buffer);
    if (idle.from >= outcome.at || idle.to <= outcome.at) continue;
    const needed = neededFor(buffer, idle, lifetimes, dropped);
    const places = new Set([...needed.keys()].map(({ made }) => made as number));
    const cost = [...places].reduce((sum, place) => sum + (repeated.has(place) ? 0 : work(place)), 0);
    const worth = (buffer.bytes - keptFor(needed, idle.to, lifetimes, dropped)) / Math.max(cost, 1);
    if (worth > 0 && (!best || worth > best.worth)) best = { buffer, needed, worth };
  }
  return best;
}

/** The tensor and what must be dropped with it: what its node read, where that is neither there when it is made again nor small enough to keep. */
function neededFor(
  buffer: Buffer,
  idle: { readonly from: number; readonly to: number },
  { reads }: Lifetimes,
  dropped: Dropped,
): Map<Buffer, number> {
  const needed = new Map([[buffer, idle.from]]);
  for (const [each] of needed) {
    for (const source of reads[each.made as number]) {
      if (needed.has(source) || dropped.has(source) || isThere(source, idle.to)) continue;
      if (source.repeatable && source.bytes > each.bytes * SMALL) needed.set(source, longestIdle(source, idle.to).from);
    }
  }
  return needed;
}

/** Bytes that live longer so that some tensors can be made again from them. */
function keptFor(needed: ReadonlyMap<Buffer, number>, place: number, { reads }: Lifetimes, dropped: Dropped): number {
  const sources = new Set([...needed.keys()].flatMap(({ made }) => reads[made as number]));
  return [...sources].reduce((sum, each) => sum + (needed.has(each) || dropped.has(each) || isThere(each, place) ? 0 : each.bytes), 0);
}

function isThere({ made, reads }: Buffer, place: number): boolean {
  return made === undefined || (reads.at(-1) ?? -1) >= place;
}
