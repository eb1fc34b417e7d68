import { canonicalText, type Json } from '../../json.js';
import type { SearchSpace } from '../../space.js';
import { axesOf } from '../rows.js';
import type { Frame } from './mixture.js';

const known = new WeakMap<SearchSpace, readonly Frame[]>();

/**
 * The parameters in groups of those that are always active together, as they have the same condition; each group after those that its condition names. Within a group parameters are modelled jointly, and groups
 * apart from each other.
 */
export function groupsOf(space: SearchSpace): readonly Frame[] {
  let groups = known.get(space);
  if (!groups) {
    const places = new Map<string, number[]>();
    space.names.forEach((name, place) => {
      const condition = canonicalText((space.parameter(name).when ?? {}) as Json);
      places.set(condition, [...(places.get(condition) ?? []), place]);
    });
    const axes = axesOf(space);
    groups = [...places.values()].map((own) => ({ places: own, axes: own.map((place) => axes[place]) }));
    known.set(space, groups);
  }
  return groups;
}
