import type { Point } from '../parameters.js';
import type { SearchSpace } from '../space.js';
import type { History } from '../trial.js';

interface Asked {
  trials: History['trials'];
  readonly points: Point[];
  readonly keys: Set<string>;
}

/** What was asked for lately in each space. A history grows at its end: what is kept of it is used as far as it is the same. */
const latest = new WeakMap<SearchSpace, Asked>();

/** The keys of all points that were asked for. */
export function keysOf(space: SearchSpace, { trials }: History): ReadonlySet<string> {
  let known = latest.get(space);
  if (known?.trials === trials && known.points.length === trials.length) return known.keys;
  if (!known || !isBeginning(known.points, trials)) {
    known = { trials, points: [], keys: new Set() };
    latest.set(space, known);
  }
  for (let i = known.points.length; i < trials.length; i++) {
    known.points.push(trials[i].point);
    known.keys.add(space.key(trials[i].point));
  }
  known.trials = trials;
  return known.keys;
}

function isBeginning(points: readonly Point[], trials: History['trials']): boolean {
  if (points.length > trials.length) return false;
  for (let i = 0; i < points.length; i++) if (points[i] !== trials[i].point) return false;
  return true;
}

/** Whether a point is whole and was asked before; never in a space without end. */
export function triedIn(space: SearchSpace, history: History): (point: Point) => boolean {
  if (space.size === Infinity) return () => false;
  const keys = keysOf(space, history);
  const isWhole = (point: Point): boolean => space.names.every((name) => Object.hasOwn(point, name) || !space.isActive(name, point));
  return (point) => isWhole(point) && keys.has(space.key(point));
}
