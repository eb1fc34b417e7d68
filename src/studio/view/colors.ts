import type { GraphNode } from '../api/index.js';

/** What nodes of a graph are coloured by. */
export type NodeCost = 'macs' | 'weightBytes' | 'activationBytes' | 'parameters';

export const nodeCosts: Readonly<Record<NodeCost, string>> = {
  macs: 'MACs',
  weightBytes: 'bytes of weights',
  activationBytes: 'bytes of activations',
  parameters: 'parameters',
};

/** Each node's share of the largest cost, in [0, 1], on a logarithmic scale over three decades: below a thousandth nothing is seen. */
export function heats(nodes: readonly GraphNode[], cost: NodeCost): Float32Array {
  const largest = nodes.reduce((most, node) => Math.max(most, node[cost]), 0);
  return Float32Array.from(nodes, (node) => {
    if (largest === 0 || node[cost] <= 0) return 0;
    return Math.max(0, 1 + Math.log10(node[cost] / largest) / 3);
  });
}
