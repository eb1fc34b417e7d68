import type { Direction } from '../../../pareto/index.js';
import type { TrialRecord } from '../../trial.js';

/** Fewer trials than this are sorted sooner than sifted. */
const FEW = 250;

/** Where the corners that are tried lie is read off so many of the trials. */
const SAMPLE = 500;

/**
 * The trials that can be among the `count` best by non-domination rank, in the order given: whoever `count` others dominate has as many before it, and is left out where a corner shows it, that is, where
 * `count` trials are at least as good as the corner in everything, and it is not better than the corner in anything. O(n) with the corner's quantile doubled until enough are that good.
 * @param trials with values.
 */
export function contenders(trials: readonly TrialRecord[], count: number, directions: readonly Direction[]): readonly TrialRecord[] {
  if (trials.length < FEW) return trials;
  const costs = directions.map((direction, m) => costsOf(trials, m, direction));
  const stride = Math.ceil(trials.length / SAMPLE);
  const sorted = costs.map((own) => own.filter((_, i) => i % stride === 0).sort());
  for (let place = 1; place < sorted[0].length; place *= 2) {
    const corner = sorted.map((own) => own[place]);
    const { isWithin, isBetter, within } = besideCorner(costs, corner);
    if (within >= count) return trials.filter((_, i) => isWithin[i] || isBetter[i]);
  }
  return trials;
}

/** One objective of each trial, less being better. */
function costsOf(trials: readonly TrialRecord[], objective: number, direction: Direction): Float64Array {
  const sign = direction === 'minimize' ? 1 : -1;
  const costs = new Float64Array(trials.length);
  for (let i = 0; i < costs.length; i++) costs[i] = sign * trials[i].values![objective];
  return costs;
}

/** For each trial whether it is at least as good as the corner in everything, and whether it is better in anything; and how many are the former. */
function besideCorner(
  costs: readonly Float64Array[],
  corner: readonly number[],
): { isWithin: Uint8Array; isBetter: Uint8Array; within: number } {
  const isWithin = new Uint8Array(costs[0].length).fill(1);
  const isBetter = new Uint8Array(costs[0].length);
  costs.forEach((own, m) => {
    const limit = corner[m];
    for (let i = 0; i < own.length; i++) {
      if (own[i] > limit) isWithin[i] = 0;
      else if (own[i] < limit) isBetter[i] = 1;
    }
  });
  let within = 0;
  for (let i = 0; i < isWithin.length; i++) within += isWithin[i];
  return { isWithin, isBetter, within };
}
