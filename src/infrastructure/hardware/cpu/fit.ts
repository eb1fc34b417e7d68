import { addTo } from '../../../base/index.js';
import type { LayerCost } from '../layers.js';
import { relativeFit } from '../least-squares.js';
import { classesOf, type Feature, features, featuresOf } from './classes.js';
import type { CpuCosts } from './schema.js';

/** A layer and how long it took. */
export interface TimedLayer {
  readonly layer: LayerCost;
  readonly seconds: number;
  /** Seconds of the layers that ran before it, as `fading` adds them. */
  readonly before: number;
}

/** Layers from which a kernel is known: fewer fit anything. */
const FEWEST = 3;

/**
 * Coefficients of each kernel, none below zero, with the least sum of squared relative errors; and those of a kernel that was not measured, from all
 * layers without products.
 */
export function fitCosts(timed: readonly TimedLayer[]): { classes: Record<string, CpuCosts>; other: CpuCosts } {
  const groups = new Map<string, TimedLayer[]>();
  for (const each of timed) for (const name of classesOf(each.layer)) addTo(groups, name, each);
  const known = [...groups].filter(([, group]) => group.length >= FEWEST);
  const classes = Object.fromEntries(known.map(([name, group]) => [name, fit(group)]));
  return { classes, other: fit(timed.filter(({ layer }) => !layer.product)) };
}

function fit(timed: readonly TimedLayer[]): CpuCosts {
  const rows = timed.map(({ layer, before }) => featuresOf(layer, before));
  const seconds = relativeFit(
    rows,
    timed.map((each) => each.seconds),
  );
  const costs = features.map((feature, index) => [feature, seconds[index] ?? 0] as [Feature, number]);
  return Object.fromEntries(costs) as Record<Feature, number>;
}
