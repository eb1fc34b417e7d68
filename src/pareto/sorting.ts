import { OptionError } from '../base/index.js';
import { asMinimization, type Direction, type Objectives } from './direction.js';
import { compareLexicographically, dominatesMinimizing } from './dominance.js';

/**
 * Non-dominated sorting: rank 0 is the front, rank 1 the front of what is left without it, and so on. Equal points share a rank.
 * Binary search over lexicographically sorted points (ENS-BS, Zhang et al. 2015): O(n log n) for two objectives, O(M n²) at worst for more.
 * @returns one rank per point, in the order given.
 * @throws DataError for numbers that are missing, NaN or infinite; OptionError for bad directions.
 */
export function nonDominatedRanks(points: readonly Objectives[], directions: readonly Direction[]): Int32Array {
  const costs = asMinimization(points, directions);
  const ranks = new Int32Array(costs.length);
  const fronts: number[][][] = [];
  for (const i of lexicographicOrder(costs)) {
    let rank = 0;
    for (let high = fronts.length; rank < high; ) {
      const middle = (rank + high) >> 1;
      if (isDominated(costs[i], fronts[middle])) rank = middle + 1;
      else high = middle;
    }
    if (rank === fronts.length) fronts.push([]);
    fronts[rank].push(costs[i]);
    ranks[i] = rank;
  }
  return ranks;
}

/** The items by rank: the front first, then the front of the rest, … Items keep their order inside a rank. */
export function fronts<T>(items: readonly T[], objectivesOf: (item: T) => Objectives, directions: readonly Direction[]): T[][] {
  const ranks = nonDominatedRanks(items.map(objectivesOf), directions);
  const sorted: T[][] = Array.from({ length: ranks.reduce((most, rank) => Math.max(most, rank + 1), 0) }, () => []);
  items.forEach((item, i) => {
    sorted[ranks[i]].push(item);
  });
  return sorted;
}

export interface FrontOptions {
  /** What to do with items of equal objectives: 'keep' all of them (they do not dominate each other) or only the 'first'. Default 'keep'. */
  duplicates?: 'keep' | 'first';
}

/**
 * The items that no other item dominates, in the order given.
 * @throws DataError for numbers that are missing, NaN or infinite; OptionError for bad directions or options.
 */
export function front<T>(
  items: readonly T[],
  objectivesOf: (item: T) => Objectives,
  directions: readonly Direction[],
  { duplicates = 'keep' }: FrontOptions = {},
): T[] {
  if (duplicates !== 'keep' && duplicates !== 'first') {
    throw new OptionError({ what: 'Unknown value', where: 'duplicates', expected: "'keep' or 'first'", got: String(duplicates) });
  }
  const costs = asMinimization(items.map(objectivesOf), directions);
  const kept: number[] = [];
  const keptCosts: Objectives[] = [];
  for (const i of lexicographicOrder(costs)) {
    const last = kept.at(-1);
    const repeats = last !== undefined && compareLexicographically(costs[last], costs[i]) === 0;
    if (repeats ? duplicates === 'keep' : !isDominated(costs[i], keptCosts)) {
      kept.push(i);
      keptCosts.push(costs[i]);
    }
  }
  return kept.sort((a, b) => a - b).map((i) => items[i]);
}

/** @param others of one front, in lexicographic order, all before the point. */
function isDominated(cost: Objectives, others: readonly Objectives[]): boolean {
  // The latest members are the nearest in the first objective and so the likeliest to dominate; of two objectives the second falls along a front, so that the latest decides.
  const first = cost.length <= 2 ? Math.max(0, others.length - 1) : 0;
  for (let i = others.length - 1; i >= first; i--) if (dominatesMinimizing(others[i], cost)) return true;
  return false;
}

function lexicographicOrder(costs: readonly Objectives[]): number[] {
  return costs.map((_, i) => i).sort((a, b) => compareLexicographically(costs[a], costs[b]) || a - b);
}
