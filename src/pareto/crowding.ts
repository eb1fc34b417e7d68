import { asMinimization, type Direction, type Objectives } from './direction.js';

/**
 * Crowding distance within one front (NSGA-II, Deb et al. 2002): how much room a point has between its neighbours, summed over
 * objectives that are scaled to [0, 1]; Infinity for the extremes. Of equal points the first one counts, the others get 0.
 * @returns one distance per point, in the order given.
 * @throws DataError for numbers that are missing, NaN or infinite; OptionError for bad directions.
 */
export function crowdingDistances(points: readonly Objectives[], directions: readonly Direction[]): Float64Array {
  const costs = asMinimization(points, directions);
  const distances = new Float64Array(costs.length);
  const distinct = firstOfEach(costs);
  for (let m = 0; m < directions.length; m++) {
    const order = [...distinct].sort((a, b) => costs[a][m] - costs[b][m] || a - b);
    const first = order[0];
    const last = order[order.length - 1];
    const range = order.length > 0 ? costs[last][m] - costs[first][m] : 0;
    if (range === 0) continue;
    distances[first] = Infinity;
    distances[last] = Infinity;
    for (let k = 1; k < order.length - 1; k++) {
      distances[order[k]] += (costs[order[k + 1]][m] - costs[order[k - 1]][m]) / range;
    }
  }
  if (distinct.length === 1) distances[distinct[0]] = Infinity;
  return distances;
}

function firstOfEach(costs: readonly Objectives[]): number[] {
  const seen = new Set<string>();
  return costs.flatMap((cost, i) => {
    const key = cost.map((value) => value + 0).join();
    if (seen.has(key)) return [];
    seen.add(key);
    return [i];
  });
}
