import { DataError, OptionError } from '../base/index.js';
import { asMinimization, type Direction, type Objectives } from './direction.js';
import { compareLexicographically, weaklyDominatesMinimizing } from './dominance.js';

/**
 * The exact hypervolume: the measure of what the points dominate, up to the reference point, in the product of the objectives' units.
 * A point that is not better than the reference in every objective adds nothing. A sweep for two objectives; for more, the exclusive volumes
 * of WFG (While, Bradstreet and Barone 2012), sliced along the last objective: exponential in the number of objectives at worst.
 * @param reference the worst corner; one finite number per direction.
 * @throws DataError for points with numbers that are missing, NaN or infinite; OptionError for a bad reference or bad directions.
 */
export function hypervolume(points: readonly Objectives[], reference: Objectives, directions: readonly Direction[]): number {
  const corner = cornerOf(reference, directions);
  return volume(gainsOf(points, corner, directions).filter(isInside));
}

/**
 * What each point adds that no other point does: the hypervolume lost without it. 0 for dominated and repeated points.
 * @returns one volume per point, in the order given.
 * @throws as `hypervolume` does.
 */
export function hypervolumeContributions(
  points: readonly Objectives[],
  reference: Objectives,
  directions: readonly Direction[],
): Float64Array {
  const gains = gainsOf(points, cornerOf(reference, directions), directions);
  return Float64Array.from(gains, (gain, i) =>
    isInside(gain)
      ? exclusiveVolume(
          gain,
          gains.filter((other, j) => j !== i && isInside(other)),
        )
      : 0,
  );
}

/**
 * `count` points whose joint hypervolume is large: the greedy choice, within a factor 1 - 1/e of the best (Guerreiro, Fonseca and Paquete
 * 2016). Gains only shrink as points are chosen, so that a stale gain is an upper bound and most need not be computed again.
 * @param count an integer in [0, points.length].
 * @returns the indices chosen, best first; points that add nothing come last, in the order given.
 * @throws as `hypervolume` does; OptionError for a bad count.
 */
export function hypervolumeSubset(
  points: readonly Objectives[],
  count: number,
  reference: Objectives,
  directions: readonly Direction[],
): number[] {
  if (!Number.isInteger(count) || count < 0 || count > points.length) {
    throw new OptionError({
      what: 'Bad number of points',
      where: 'count',
      expected: `an integer in [0, ${points.length}]`,
      got: String(count),
    });
  }
  const gains = gainsOf(points, cornerOf(reference, directions), directions);
  const bounds = gains.map((gain) => (isInside(gain) ? box(gain) : 0));
  const fresh = new Int32Array(points.length);
  const left = new Set(points.keys());
  const chosen: number[] = [];
  while (chosen.length < count) {
    const best = largest(left, bounds);
    if (fresh[best] < chosen.length && bounds[best] > 0) {
      bounds[best] = exclusiveVolume(gains[best], chosen.map((i) => gains[i]).filter(isInside));
      fresh[best] = chosen.length;
    } else {
      chosen.push(best);
      left.delete(best);
    }
  }
  return chosen;
}

function largest(candidates: Iterable<number>, bounds: readonly number[]): number {
  let best = -1;
  for (const i of candidates) if (best < 0 || bounds[i] > bounds[best]) best = i;
  return best;
}

function cornerOf(reference: Objectives, directions: readonly Direction[]): number[] {
  try {
    return asMinimization([reference], directions)[0];
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    const got = JSON.stringify(reference.map(String));
    throw new OptionError(
      { what: 'Bad reference point', where: 'reference', expected: `${directions.length} finite numbers`, got },
      { cause },
    );
  }
}

/** Points as their distances to the reference: more is better, and everything at most 0 adds nothing. */
function gainsOf(points: readonly Objectives[], corner: Objectives, directions: readonly Direction[]): number[][] {
  return asMinimization(points, directions).map((cost) => cost.map((value, m) => corner[m] - value));
}

function isInside(gain: Objectives): boolean {
  return gain.every((value) => value > 0);
}

function box(gain: Objectives): number {
  return gain.reduce((product, value) => product * value, 1);
}

/** The volume of the union of the boxes [0, gain]. */
function volume(gains: readonly Objectives[]): number {
  if (gains.length === 0) return 0;
  if (gains.length === 1) return box(gains[0]);
  const dimensions = gains[0].length;
  if (dimensions === 1) return gains.reduce((most, gain) => Math.max(most, gain[0]), 0);
  const maximal = maximalOf(gains);
  if (dimensions === 2) return area(maximal);
  // Thinnest in the last objective first: clipped to it, all that follow are equally thick there, so that one dimension drops out.
  const last = dimensions - 1;
  maximal.sort((a, b) => a[last] - b[last]);
  return maximal.reduce((sum, gain, i) => {
    const rest = maximal.slice(i + 1).map((other) => other.slice(0, last));
    return sum + gain[last] * exclusiveVolume(gain.slice(0, last), rest);
  }, 0);
}

/** The volume of a box that the others leave uncovered. */
function exclusiveVolume(gain: Objectives, others: readonly Objectives[]): number {
  const clipped = others.map((other) => other.map((value, m) => Math.min(value, gain[m])));
  return Math.max(0, box(gain) - volume(clipped));
}

function area(gains: readonly Objectives[]): number {
  const byWidth = [...gains].sort((a, b) => b[0] - a[0] || b[1] - a[1]);
  let sum = 0;
  let covered = 0;
  for (const [width, height] of byWidth) {
    if (height <= covered) continue;
    sum += width * (height - covered);
    covered = height;
  }
  return sum;
}

/** The boxes that lie in no other one; of equal ones a single one. */
function maximalOf(gains: readonly Objectives[]): Objectives[] {
  const sorted = [...gains].sort((a, b) => compareLexicographically(b, a));
  const kept: Objectives[] = [];
  for (const gain of sorted) if (!kept.some((other) => weaklyDominatesMinimizing(gain, other))) kept.push(gain);
  return kept;
}
