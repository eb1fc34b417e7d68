import type { Loss } from './cost.js';
import type { Dependencies, Group } from './dependencies.js';
import { isOfMatrix } from './importance.js';

/** What may be removed one by one: channels of layers, or whole heads of attentions. */
export type Structure = 'channels' | 'heads';

/** Groups that do the same in the same place: the channels of one layer, or of all layers that a residual stream ties together. */
export interface Layer {
  /** Name of the first constant that they are slices of. */
  readonly name: string;
  /** What a group is; channels that cannot go apart are one. */
  readonly kind: Structure;
  readonly groups: readonly Group[];
  /** What one group takes of each axis; the same for all. */
  readonly losses: readonly Loss[];
}

/** Sorts groups into layers: those that take as many indices of the same axes. */
export function findLayers({ groups, elements }: Dependencies): Layer[] {
  const layers = new Map<string, Group[]>();
  for (const group of groups) {
    const key = group.map(({ axis, indices }) => `${axis.id}:${indices.length}`).join(' ');
    const known = layers.get(key);
    if (known) known.push(group);
    else layers.set(key, [group]);
  }
  return [...layers.values()].map((members) => {
    const [{ axis, indices }] = members[0];
    return {
      name: members[0].find((part) => part.axis.value.constant)?.axis.value.name ?? '',
      kind: elements.isHead(elements.rootOf(axis, indices[0])) ? 'heads' : 'channels',
      groups: members,
      losses: members[0].map((part) => ({ axis: part.axis, count: part.indices.length })),
    };
  });
}

/** How many channels one group of a layer is: the fewest that it takes of a matrix or kernel, or of anything where it has none. */
export function channelsOf({ losses }: Pick<Layer, 'losses'>): number {
  const matrices = losses.filter(({ axis }) => isOfMatrix(axis));
  return Math.min(...(matrices.length > 0 ? matrices : losses).map(({ count }) => count));
}
