import { DataError, OptionError } from '../base/index.js';

/** Whether less or more of an objective is better. */
export type Direction = 'minimize' | 'maximize';

/** One number per objective, in the objectives' own units. */
export type Objectives = readonly number[];

/** @throws OptionError when there is no direction or one is neither 'minimize' nor 'maximize'. */
export function checkDirections(directions: readonly Direction[]): void {
  if (!Array.isArray(directions) || directions.length === 0) {
    throw new OptionError({
      what: 'At least one direction is needed',
      where: 'directions',
      expected: 'a list',
      got: JSON.stringify(directions),
    });
  }
  directions.forEach((direction, i) => {
    if (direction === 'minimize' || direction === 'maximize') return;
    throw new OptionError({
      what: 'Unknown direction',
      where: `directions[${i}]`,
      expected: "'minimize' or 'maximize'",
      got: JSON.stringify(direction),
    });
  });
}

/**
 * The same points with every maximized objective negated, so that less is better everywhere.
 * @throws DataError naming the point and the objective where a number is missing, NaN or infinite.
 */
export function asMinimization(points: readonly Objectives[], directions: readonly Direction[]): number[][] {
  checkDirections(directions);
  return points.map((point, i) => {
    if (point.length !== directions.length) {
      throw new DataError({
        what: 'A point needs one number per direction',
        where: `point ${i}`,
        expected: `${directions.length} numbers`,
        got: `${point.length}`,
      });
    }
    return directions.map((direction, m) => {
      const value = point[m];
      if (!Number.isFinite(value)) {
        throw new DataError({
          what: 'An objective is not a finite number, so the point cannot be compared',
          where: `point ${i}, objective ${m}`,
          got: String(value),
          fix: 'Leave out points whose measurement failed.',
        });
      }
      return direction === 'minimize' ? value : -value;
    });
  });
}
