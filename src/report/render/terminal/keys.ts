import type { FrontRow } from '../../info/index.js';

/** What the table and the picture call a model: "o" the original, then 1 to 9 and a to z; blank for those that are not on the front. */
export function keyOf({ role, rank = 0 }: Pick<FrontRow, 'role' | 'rank'>): string {
  if (role === 'baseline') return 'o';
  return role === 'other' ? '' : rank <= 35 ? rank.toString(36).replace('o', 'O') : '*';
}
