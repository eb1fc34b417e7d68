import type { Node } from './graph.js';

const views = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity']);

/** Whether a node only gives its first input another shape or name: a runtime lets both share their memory. */
export function isView({ op, domain }: Pick<Node, 'op' | 'domain'>): boolean {
  return domain === '' && views.has(op);
}
