import { asMinimization, type Direction, type Objectives } from './direction.js';

/**
 * Pareto dominance: `a` is at least as good as `b` in every objective and better in one. Equal points do not dominate each other.
 * @throws DataError for numbers that are missing, NaN or infinite; OptionError for bad directions.
 */
export function dominates(a: Objectives, b: Objectives, directions: readonly Direction[]): boolean {
  const [left, right] = asMinimization([a, b], directions);
  return dominatesMinimizing(left, right);
}

/** Dominance where less is better in every objective. */
export function dominatesMinimizing(a: Objectives, b: Objectives): boolean {
  let better = false;
  for (let m = 0; m < a.length; m++) {
    if (a[m] > b[m]) return false;
    if (a[m] < b[m]) better = true;
  }
  return better;
}

/** Dominance where less is better, equal points included. */
export function weaklyDominatesMinimizing(a: Objectives, b: Objectives): boolean {
  for (let m = 0; m < a.length; m++) if (a[m] > b[m]) return false;
  return true;
}

/** Orders points by the first objective, then the second and so on: a point is never dominated by one that comes after it. */
export function compareLexicographically(a: Objectives, b: Objectives): number {
  for (let m = 0; m < a.length; m++) if (a[m] !== b[m]) return a[m] - b[m];
  return 0;
}
