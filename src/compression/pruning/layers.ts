import type { Loss } from './cost.js';
import type { Dependencies, Group } from './dependencies.js';

/** Groups that do the same in the same place: the channels of one layer, or of all layers that a residual stream ties together. */
export interface Layer {
  /** Name of the first constant that they are slices of. */
  readonly name: string;
  readonly groups: readonly Group[];
  /** What one group takes of each axis; the same for all. */
  readonly losses: readonly Loss[];
}

/** Sorts groups into layers: those that take as many indices of the same axes. */
export function findLayers({ groups }: Dependencies): Layer[] {
  const layers = new Map<string, Group[]>();
  for (const group of groups) {
    const key = group.map(({ axis, indices }) => `${axis.id}:${indices.length}`).join(' ');
    const known = layers.get(key);
    if (known) known.push(group);
    else layers.set(key, [group]);
  }
  return [...layers.values()].map((members) => ({
    name: members[0].find(({ axis }) => axis.value.constant)?.axis.value.name ?? '',
    groups: members,
    losses: members[0].map(({ axis, indices }) => ({ axis, count: indices.length })),
  }));
}
