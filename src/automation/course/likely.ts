import type { Point } from '../parameters.js';
import { axesOf, rowOf } from '../samplers/rows.js';
import type { SearchSpace } from '../space.js';
import type { History, TrialRecord } from '../trial.js';

/** So many of the trials nearest to a point tell what to expect of it. */
const NEAREST = 3;
/** So many of the latest are looked at. */
const LATEST = 1000;

/**
 * By how much a point is likely to break the constraints: the mean of the trials that are most like it (by Gower's distance, Gower 1971), the nearer the more it counts; 0 where they are
 * likely kept, or nothing is known.
 */
export function likelyViolation(space: SearchSpace, { trials }: History): (point: Point) => number {
  const told = trials.filter(({ state }) => state === 'completed').slice(-LATEST);
  const known = told.map((trial) => ({ row: rowOf(space, trial.point), violation: worstOf(trial) }));
  const isChoice = axesOf(space).map(({ choices }) => choices !== undefined);
  return (point) => {
    const row = rowOf(space, point);
    const nearest = known
      .map(({ row: other, violation }) => ({ distance: distance(row, other, isChoice), violation }))
      .sort((a, b) => a.distance - b.distance)
      .slice(0, NEAREST);
    let [sum, weights] = [0, 0];
    for (const { distance: far, violation } of nearest) {
      const weight = 1 / (far * far + 1e-6);
      sum += weight * violation;
      weights += weight;
    }
    return weights === 0 ? 0 : Math.max(0, sum / weights);
  };
}

/** Below 0 where every constraint is kept with room to spare. */
function worstOf({ violations = [] }: TrialRecord): number {
  return violations.length === 0 ? 0 : Math.max(...violations);
}

/** Parameters that only one of the two points has are as far apart as can be. */
function distance(a: Float64Array, b: Float64Array, isChoice: readonly boolean[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    if (Number.isNaN(a[i]) && Number.isNaN(b[i])) continue;
    const apart = Math.abs(a[i] - b[i]);
    sum += Number.isNaN(apart) || (isChoice[i] && apart > 0) ? 1 : apart;
  }
  return sum / a.length;
}
