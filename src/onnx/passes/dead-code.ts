import type { Graph, Node } from '../graph.js';

/**
 * Removes, in place, nodes whose outputs nothing reads and initializers that are no longer used. Graph inputs and outputs stay. Operators in
 * ONNX have no side effects, so that every unread node may go.
 * @returns the number of nodes removed.
 */
export function removeDeadCode(graph: Graph): number {
  const live = new Set<Node>();
  const queue: Node[] = [];
  for (const output of graph.outputs) if (output.producer) reach(output.producer);
  for (let node = queue.pop(); node; node = queue.pop()) {
    if (live.has(node)) continue;
    live.add(node);
    visitReads(node, reach);
  }
  const dead = graph.nodes.filter((node) => !live.has(node));
  graph.remove(...dead);
  for (const value of graph.initializers) {
    if (value.readers.size === 0 && !graph.outputs.includes(value) && !graph.inputs.includes(value) && !readBySubgraphOutput(graph, value))
      graph.initializers.delete(value);
  }
  for (const node of graph.nodes) for (const inner of node.subgraphs()) removeDeadCode(inner);
  return dead.length;

  function reach(node: Node): void {
    if (node.graph === graph && !live.has(node)) queue.push(node);
  }
}

/** Calls `reach` for the maker of everything that a node, or a node in its subgraphs, reads. */
function visitReads(node: Node, reach: (maker: Node) => void): void {
  for (const input of node.inputs) if (input?.producer) reach(input.producer);
  for (const inner of node.subgraphs()) {
    for (const each of inner.nodes) visitReads(each, reach);
    for (const output of inner.outputs) if (output.producer) reach(output.producer);
  }
}

function readBySubgraphOutput(graph: Graph, value: Graph['outputs'][number]): boolean {
  const within = (node: Node): boolean => node.subgraphs().some((inner) => inner.outputs.includes(value) || inner.nodes.some(within));
  return graph.nodes.some(within);
}
