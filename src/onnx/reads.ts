import type { Node, Value } from './graph.js';

/** Every value that a node, or a node in its subgraphs, reads. */
export function readsOf(node: Node): Value[] {
  const inner = node.subgraphs().flatMap((graph) => [...graph.nodes.flatMap(readsOf), ...graph.outputs]);
  return [...node.inputs.filter((value) => value !== undefined), ...inner];
}
