import type { Family } from '../rule.js';

/** Every family with the domain of its operators; '' is the standard's own. */
export const families: readonly (readonly [domain: string, family: Family])[] = [];
