import type { Graph, Node, Value } from './graph.js';

/** Every value that a node, or a node in its subgraphs, reads. */
export function readsOf(node: Node): Value[] {
  const inner = node.subgraphs().flatMap((graph) => [...graph.nodes.flatMap(readsOf), ...graph.outputs]);
  return [...node.inputs.filter((value) => value !== undefined), ...inner];
}

/** Every value of a graph, whose nodes are in order, that depends on one of `sources`, themselves included. */
export function dependentsOf(graph: Graph, sources: Iterable<Value>): Set<Value> {
  const found = new Set(sources);
  for (const node of graph.nodes) {
    if (!readsOf(node).some((value) => found.has(value))) continue;
    for (const output of node.outputs) if (output) found.add(output);
  }
  return found;
}
