import type { Family } from './rule.js';
import type { Traits } from './traits.js';

/** A family of which some operators have traits. */
export function withTraits<F extends Family>(family: F, traits: { readonly [Name in keyof F]?: Traits }): Family {
  return Object.fromEntries(Object.entries(family).map(([name, rule]) => [name, { ...rule, traits: traits[name] ?? rule.traits }]));
}
