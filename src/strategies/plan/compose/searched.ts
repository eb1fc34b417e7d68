import type { SpaceDefinition } from '../../../automation/index.js';
import type { Order, Technique, Usual } from '../../../technique/index.js';

/** The choice of no technique. */
export const NONE = 'none';

/** A technique that is searched. */
export interface Searched {
  technique: Technique;
  space: SpaceDefinition;
  usual: readonly Usual[];
}

/** The techniques that are searched, by the order in which they stand in recipes. */
export type Orders = ReadonlyMap<Order, readonly Searched[]>;

/** A technique's own names as those of the whole space. */
export function prefixed<T>({ name }: Technique, values: Readonly<Record<string, T>> = {}): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([option, value]) => [`${name}.${option}`, value]));
}
