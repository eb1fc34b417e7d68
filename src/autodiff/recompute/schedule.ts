import type { Buffer, Lifetimes } from './lifetimes.js';

/** What lives when the nodes run as listed, and some once more. */
export interface Outcome {
  /** Most bytes that live at one time. */
  readonly peak: number;
  /** Place of the listed node at, or right before, which the peak is reached. */
  readonly at: number;
  /** Places of the nodes that run once more, in the order in which they do. */
  readonly again: readonly number[];
}

/** Tensors that are not kept: after which place each is made again. */
export type Dropped = ReadonlyMap<Buffer, number>;

interface Run {
  readonly place: number;
  readonly reads: readonly number[];
  readonly makes: readonly number[];
  readonly before: number;
}

/**
 * Runs a graph in thought. A tensor that is dropped is made again right before it is read next, from what its node read; where that is dropped too,
 * it is made again first.
 */
export function simulate(lifetimes: Lifetimes, dropped: Dropped): Outcome {
  const { runs, again } = listRuns(lifetimes, dropped);
  const count = lifetimes.buffers.length;
  const bytes = (id: number) => lifetimes.buffers[id % count].bytes;
  const last = new Int32Array(2 * count).fill(-1);
  runs.forEach(({ reads }, index) => {
    for (const id of reads) last[id] = index;
  });
  for (const { index } of lifetimes.outputs) last[index] = runs.length;
  let live = 0;
  let peak = 0;
  let at = 0;
  const isLiving = new Uint8Array(2 * count);
  runs.forEach(({ reads, makes, before }, index) => {
    for (const id of makes) {
      isLiving[id] = 1;
      live += bytes(id);
    }
    if (live > peak) [peak, at] = [live, before];
    for (const id of [...makes, ...reads]) {
      if (last[id] > index || isLiving[id] === 0) continue;
      isLiving[id] = 0;
      live -= bytes(id);
    }
  });
  return { peak, at, again };
}

/** Every run of a node; tensors that are made again have numbers of their own, after all others. */
function listRuns({ buffers, nodes, reads, makes }: Lifetimes, dropped: Dropped): { runs: Run[]; again: number[] } {
  const count = buffers.length;
  const runs: Run[] = [];
  const again: number[] = [];
  const repeated = new Set<number>();
  const numberFor = (buffer: Buffer, place: number) => (isLate(buffer, place, dropped) ? buffer.index + count : buffer.index);
  const repeat = (made: number, place: number): void => {
    if (repeated.has(made)) return;
    repeated.add(made);
    for (const buffer of reads[made]) if (isLate(buffer, place, dropped)) repeat(buffer.made as number, place);
    again.push(made);
    const taken = reads[made].map((buffer) => numberFor(buffer, place));
    runs.push({ place: made, reads: taken, makes: makes[made].map(({ index }) => index + count), before: place });
  };
  nodes.forEach((_, place) => {
    for (const buffer of reads[place]) if (isLate(buffer, place, dropped)) repeat(buffer.made as number, place);
    const taken = reads[place].map((buffer) => numberFor(buffer, place));
    runs.push({ place, reads: taken, makes: makes[place].map(({ index }) => index), before: place });
  });
  return { runs, again };
}

/** Whether what runs at (or right before) a place reads a tensor as it was made again. */
export function isLate(buffer: Buffer, place: number, dropped: Dropped): boolean {
  return place > (dropped.get(buffer) ?? Number.POSITIVE_INFINITY);
}
