import { asMinimization, type Direction, type Objectives } from './direction.js';
import { front } from './sorting.js';

/**
 * The knee of a front: the item where giving up a little of one objective stops buying much of another. Every objective is scaled to
 * [0, 1] over the front (0 the best, 1 the worst on the front); the knee is the farthest on the good side of the plane where these sum to
 * one, which for two objectives is the greatest distance to the chord between the two extremes (Das 1999). A front that bulges the other
 * way has no knee, and one of its extremes is returned. Ties go to the first item; dominated items are passed over.
 * @returns undefined when there are no items.
 * @throws DataError for numbers that are missing, NaN or infinite; OptionError for bad directions.
 */
export function kneePoint<T>(items: readonly T[], objectivesOf: (item: T) => Objectives, directions: readonly Direction[]): T | undefined {
  const onFront = front(items, objectivesOf, directions);
  const costs = asMinimization(onFront.map(objectivesOf), directions);
  const ranges = directions.map((_, m) => {
    const values = costs.map((cost) => cost[m]);
    return { low: values.reduce((a, b) => Math.min(a, b)), high: values.reduce((a, b) => Math.max(a, b)) };
  });
  const scaled = costs.map((cost) =>
    cost.reduce((sum, value, m) => {
      const { low, high } = ranges[m];
      return high > low ? sum + (value - low) / (high - low) : sum;
    }, 0),
  );
  return onFront[scaled.indexOf(scaled.reduce((a, b) => Math.min(a, b)))];
}
