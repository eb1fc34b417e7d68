/** A box in the space of costs: [low, high) in each. */
export interface Box {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/**
 * What no point of a front dominates, up to the corner, as boxes that do not overlap: sliced along the last objective, recursively. For m objectives and n points O(n^(m − 1)) boxes.
 * @param costs of points of which none dominates another, less being better; those not below the corner are passed over.
 * @param corner the worst of each objective.
 */
export function freeBoxes(costs: readonly (readonly number[])[], corner: readonly number[]): Box[] {
  const last = corner.length - 1;
  const inside = costs.filter((cost) => cost.every((value, m) => value < corner[m]));
  if (last === 0) return [{ low: [-Infinity], high: [inside.reduce((least, [value]) => Math.min(least, value), corner[0])] }];
  const sorted = [...inside].sort((a, b) => a[last] - b[last]);
  const ends = [...new Set([...sorted.map((cost) => cost[last]), corner[last]])];
  return ends.flatMap((high, i) => {
    const low = i === 0 ? -Infinity : ends[i - 1];
    const below = sorted.filter((cost) => cost[last] <= low).map((cost) => cost.slice(0, last));
    return freeBoxes(below, corner.slice(0, last)).map((box) => ({ low: [...box.low, low], high: [...box.high, high] }));
  });
}
