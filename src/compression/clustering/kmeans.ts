/** Numbers as clusters: centres, ascending, and which of them stands for each number. */
export interface Palette {
  centres: Float64Array;
  codes: Uint8Array;
  /** Sum of the squared distances to the centres. */
  inertia: number;
}

/** Numbers are looked at one by one up to so many different ones; of more, so many groups of neighbours are clustered first. */
const GROUPS = 2048;
/** Rounds of refinement over all numbers; a few are enough after groups that are as fine. */
const ROUNDS = 30;

/**
 * k-means on a line: exact, by dynamic programming over the sorted numbers (Grønlund et al. 2017, arXiv 1701.07204), for up to 2048 different ones; for more, the
 * same over groups of neighbours, and Lloyd's rounds over all of them from there.
 * @param values finite.
 * @param k most centres, from 1 to 256; fewer where there are fewer different numbers.
 */
export function clusterLine(values: ArrayLike<number>, k: number): Palette {
  const sorted = Float64Array.from(values).sort();
  const sums = prefixSums(sorted);
  const groups = groupsOf(sorted);
  let cuts = bestCuts(groups, Math.min(k, groups.length - 1), sums).map((at) => groups[at]);
  for (let round = 0; round < ROUNDS; round++) {
    const next = nearestCuts(sorted, centresOf(cuts, sums));
    if (next.every((cut, i) => cut === cuts[i])) break;
    cuts = next;
  }
  return nearest(values, centresOf(cuts, sums));
}

interface Sums {
  first: Float64Array;
  second: Float64Array;
}

/** Sums of the numbers and of their squares before each position. */
function prefixSums(sorted: Float64Array): Sums {
  const first = new Float64Array(sorted.length + 1);
  const second = new Float64Array(sorted.length + 1);
  sorted.forEach((value, i) => {
    first[i + 1] = first[i] + value;
    second[i + 1] = second[i] + value * value;
  });
  return { first, second };
}

/** Positions where groups begin, and the end: each different number is a group, or stretches of equal counts and of equal lengths are, where they are many. */
function groupsOf(sorted: Float64Array): number[] {
  const starts = [0];
  for (let i = 1; i < sorted.length; i++) if (sorted[i] > sorted[i - 1]) starts.push(i);
  if (starts.length <= GROUPS) return [...starts, sorted.length];
  const half = GROUPS / 2;
  const [low, high] = [sorted[0], sorted[sorted.length - 1]];
  const marks = new Set([0, sorted.length]);
  for (let i = 1; i < half; i++) {
    // Tails are long and thin, the middle is short and dense.
    marks.add(starts[Math.floor((i * starts.length) / half)]);
    marks.add(positionOf(sorted, low + (i * (high - low)) / half));
  }
  return [...marks].sort((a, b) => a - b);
}

/** The first position whose number is at least `bound`. */
function positionOf(sorted: Float64Array, bound: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where k runs of groups begin, and the end, so that the squared distances to the runs' means are least. */
function bestCuts(groups: readonly number[], k: number, { first, second }: Sums): number[] {
  const count = groups.length - 1;
  const cost = (from: number, to: number) => {
    const [a, b] = [groups[from], groups[to]];
    const sum = first[b] - first[a];
    return Math.max(0, second[b] - second[a] - (sum * sum) / (b - a));
  };
  let before = Float64Array.from({ length: count + 1 }, (_, to) => (to === 0 ? 0 : cost(0, to)));
  const begins: Int32Array[] = [];
  for (let run = 1; run < k; run++) {
    const best = new Float64Array(count + 1).fill(Number.POSITIVE_INFINITY);
    const begin = new Int32Array(count + 1);
    // The best beginning of the last run moves up with the end: halves of the ends search halves of the beginnings.
    const solve = (low: number, high: number, from: number, to: number): void => {
      if (low > high) return;
      const end = (low + high) >> 1;
      for (let start = Math.max(from, run); start <= Math.min(to, end - 1); start++) {
        const total = before[start] + cost(start, end);
        if (total < best[end]) [best[end], begin[end]] = [total, start];
      }
      solve(low, end - 1, from, begin[end]);
      solve(end + 1, high, begin[end], to);
    };
    solve(run + 1, count, run, count - 1);
    before = best;
    begins.push(begin);
  }
  const cuts = [count];
  for (const begin of begins.reverse()) cuts.unshift(begin[cuts[0]]);
  return [0, ...cuts];
}

function centresOf(cuts: readonly number[], { first }: Sums): Float64Array {
  return Float64Array.from({ length: cuts.length - 1 }, (_, i) => (first[cuts[i + 1]] - first[cuts[i]]) / (cuts[i + 1] - cuts[i]));
}

/** Cuts halfway between centres; a centre that no number is nearest to loses its run, and is left out. */
function nearestCuts(sorted: Float64Array, centres: Float64Array): number[] {
  const inner = Array.from(centres.subarray(1), (centre, i) => positionOf(sorted, (centres[i] + centre) / 2));
  return [...new Set([0, ...inner, sorted.length])];
}

/** The nearest of some centres, ascending, for each number. */
export function nearest(values: ArrayLike<number>, centres: Float64Array): Palette {
  const bounds = centres.subarray(1).map((centre, i) => (centres[i] + centre) / 2);
  const codes = new Uint8Array(values.length);
  let inertia = 0;
  for (let i = 0; i < codes.length; i++) {
    codes[i] = positionAfter(bounds, values[i]);
    inertia += (values[i] - centres[codes[i]]) ** 2;
  }
  return { centres, codes, inertia };
}

/** How many bounds are at most a number. */
function positionAfter(bounds: Float64Array, value: number): number {
  let [low, high] = [0, bounds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bounds[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
