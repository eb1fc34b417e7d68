import type { Random } from '../../base/index.js';

/** An axis of a space as trees see it: choices by their index, or numbers in [0, 1]. */
export interface TreeAxis {
  /** Undefined for numbers. */
  readonly choices: number | undefined;
}

/** What a tree says of a part of the space. */
export interface Leaf {
  readonly value: number;
  /** On each axis from and to where, or which choices. */
  readonly ranges: readonly Range[];
}

export type Range = readonly [from: number, to: number] | ReadonlySet<number>;

/** The rows of a tree, in any order, and the values that it is to tell. */
export interface Sample {
  readonly rows: readonly Float64Array[];
  readonly values: Float64Array;
}

interface Split {
  /** How much less the squared error is. */
  readonly gain: number;
  readonly axis: number;
  /** Numbers up to here are on one side; of choices this one is. */
  readonly at: number;
}

/**
 * Regression trees as Breiman (2001) grows them: each on as many draws with replacement as there are trials, split by the least squared error until nothing is left to be told.
 * @param most draws, at most.
 * @returns the leaves of each tree; they fill the space.
 */
export function forest(
  sample: Sample,
  axes: readonly TreeAxis[],
  random: Random,
  { trees, most }: { trees: number; most: number },
): Leaf[][] {
  const size = sample.values.length;
  return Array.from({ length: trees }, () => {
    const drawn = Int32Array.from({ length: Math.min(size, most) }, () => random.integer(size));
    const leaves: Leaf[] = [];
    const whole = axes.map(
      ({ choices }): Range => (choices === undefined ? [0, 1] : new Set(Array.from({ length: choices }, (_, i) => i))),
    );
    grow(drawn, whole, { sample, axes, leaves });
    return leaves;
  });
}

interface Growth {
  sample: Sample;
  axes: readonly TreeAxis[];
  leaves: Leaf[];
}

function grow(drawn: Int32Array, ranges: readonly Range[], growth: Growth): void {
  const { sample, axes, leaves } = growth;
  const split = bestSplit(drawn, sample, axes);
  if (!split) {
    let sum = 0;
    for (const i of drawn) sum += sample.values[i];
    leaves.push({ value: sum / drawn.length, ranges });
    return;
  }
  const { axis, at } = split;
  const isChoice = axes[axis].choices !== undefined;
  const isIn = (i: number) => (isChoice ? sample.rows[i][axis] === at : sample.rows[i][axis] <= at);
  const [inside, outside] = halves(ranges[axis], at);
  const within = (range: Range) => ranges.map((each, index) => (index === axis ? range : each));
  grow(drawn.filter(isIn), within(inside), growth);
  grow(
    drawn.filter((i) => !isIn(i)),
    within(outside),
    growth,
  );
}

function halves(range: Range, at: number): [Range, Range] {
  if (!(range instanceof Set)) {
    const [from, to] = range as readonly [number, number];
    return [
      [from, at],
      [at, to],
    ];
  }
  return [new Set([at]), new Set([...range].filter((choice) => choice !== at))];
}

/** Undefined where all values are the same, or nothing tells the rows apart. */
function bestSplit(drawn: Int32Array, sample: Sample, axes: readonly TreeAxis[]): Split | undefined {
  const { values } = sample;
  if (drawn.every((i) => values[i] === values[drawn[0]])) return undefined;
  let best: Split | undefined;
  axes.forEach(({ choices }, axis) => {
    const found = choices === undefined ? numberSplit(drawn, sample, axis) : choiceSplit(drawn, sample, axis, choices);
    if (found && found.gain > (best?.gain ?? 0)) best = found;
  });
  return best;
}

function numberSplit(drawn: Int32Array, { rows, values }: Sample, axis: number): Split | undefined {
  const order = [...drawn].sort((a, b) => rows[a][axis] - rows[b][axis]);
  const total = order.reduce((sum, i) => sum + values[i], 0);
  let best: Split | undefined;
  let left = 0;
  for (let count = 1; count < order.length; count++) {
    left += values[order[count - 1]];
    const [before, after] = [rows[order[count - 1]][axis], rows[order[count]][axis]];
    if (before === after) continue;
    const gain = gainOf(left, count, total, order.length);
    if (gain > (best?.gain ?? 0)) best = { gain, axis, at: (before + after) / 2 };
  }
  return best;
}

function choiceSplit(drawn: Int32Array, { rows, values }: Sample, axis: number, choices: number): Split | undefined {
  const [sums, counts] = [new Float64Array(choices), new Int32Array(choices)];
  let total = 0;
  for (const i of drawn) {
    sums[rows[i][axis]] += values[i];
    counts[rows[i][axis]]++;
    total += values[i];
  }
  let best: Split | undefined;
  for (let at = 0; at < choices; at++) {
    if (counts[at] === 0 || counts[at] === drawn.length) continue;
    const gain = gainOf(sums[at], counts[at], total, drawn.length);
    if (gain > (best?.gain ?? 0)) best = { gain, axis, at };
  }
  return best;
}

/** How much the squared error falls where so many of the values, with this sum, are told apart from the others. */
function gainOf(sum: number, count: number, total: number, all: number): number {
  return (sum * sum) / count + (total - sum) ** 2 / (all - count) - (total * total) / all;
}
