import { addTo } from '../../../base/index.js';
import type { LayerCost } from '../layers.js';
import { classesOf, type Feature, features, featuresOf } from './classes.js';
import type { CpuCosts } from './schema.js';

/** A layer and how long it took. */
export interface TimedLayer {
  readonly layer: LayerCost;
  readonly seconds: number;
  /** Seconds of the layer that ran before it. */
  readonly before: number;
}

/**
 * Coefficients of each kernel, none below zero, with the least sum of squared relative errors; and those of a kernel that was not measured, from all
 * layers without products.
 */
export function fitCosts(timed: readonly TimedLayer[]): { classes: Record<string, CpuCosts>; other: CpuCosts } {
  const groups = new Map<string, TimedLayer[]>();
  for (const each of timed) for (const name of classesOf(each.layer)) addTo(groups, name, each);
  const classes = Object.fromEntries([...groups].map(([name, group]) => [name, fit(group)]));
  return { classes, other: fit(timed.filter(({ layer }) => !layer.product)) };
}

/** Rounds of coordinate descent; each is a handful of multiplications. */
const ROUNDS = 2000;

/** Least squares without negative coefficients, by coordinate descent on the normal equations of rows that were divided by their times. */
function fit(timed: readonly TimedLayer[]): CpuCosts {
  const rows = timed.map(({ layer, seconds, before }) => featuresOf(layer, before).map((amount) => amount / seconds));
  const count = features.length;
  // Columns are scaled to length 1: amounts differ by powers of ten.
  const scales = features.map((_, j) => Math.hypot(...rows.map((row) => row[j])));
  const gram = features.map((_, i) => features.map((_, j) => dot(rows, i, j) / ((scales[i] || 1) * (scales[j] || 1))));
  const goal = features.map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / (scales[i] || 1));
  const found = new Float64Array(count);
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < count; i++) {
      if (scales[i] === 0) continue;
      let rest = goal[i];
      for (let j = 0; j < count; j++) if (j !== i) rest -= gram[i][j] * found[j];
      found[i] = Math.max(0, rest / gram[i][i]);
    }
  }
  const costs = features.map((feature, i) => [feature, scales[i] === 0 ? 0 : found[i] / scales[i]] as [Feature, number]);
  return Object.fromEntries(costs) as Record<Feature, number>;
}

function dot(rows: readonly (readonly number[])[], i: number, j: number): number {
  return rows.reduce((sum, row) => sum + row[i] * row[j], 0);
}
