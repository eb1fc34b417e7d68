import type { Point } from '../parameters.js';
import type { SearchSpace } from '../space.js';
import type { History } from '../trial.js';

/** Whether a point is whole and was asked before; never in a space without end. */
export function triedIn(space: SearchSpace, { trials }: History): (point: Point) => boolean {
  if (space.size === Infinity) return () => false;
  const isWhole = (point: Point): boolean => space.names.every((name) => Object.hasOwn(point, name) || !space.isActive(name, point));
  return (point) => {
    if (!isWhole(point)) return false;
    const key = space.key(point);
    return trials.some((trial) => space.key(trial.point) === key);
  };
}
