import type { Graph, Node } from '../graph.js';
import { readsOf } from '../reads.js';
import type { Pass } from './pass.js';

/**
 * Removes, in place, what nothing reads, in subgraphs too: nodes, initializers, and inputs that have an initializer to stand in for them (before
 * IR version 4 every weight was such an input). Inputs that callers must feed and outputs stay. Operators in ONNX have no side effects, so
 * that every unread node may go.
 * @returns the number of nodes removed.
 */
export function removeDeadCode(graph: Graph): number {
  let removed = 0;
  for (const node of graph.nodes) for (const inner of node.subgraphs()) removed += removeDeadCode(inner);
  const live = new Set<Node>();
  const queue: Node[] = [];
  const reach = (node: Node | undefined) => {
    if (node?.graph === graph && !live.has(node)) queue.push(node);
  };
  for (const output of graph.outputs) reach(output.producer);
  for (let node = queue.pop(); node; node = queue.pop()) {
    if (live.has(node)) continue;
    live.add(node);
    for (const value of readsOf(node)) reach(value.producer);
  }
  const dead = graph.nodes.filter((node) => !live.has(node));
  graph.removeAll(dead);
  removeUnreadInitializers(graph);
  return removed + dead.length;
}

export const deadCode: Pass = {
  name: 'remove-dead-code',
  summary: 'Drops what no output needs.',
  kind: 'simplify',
  requires: [],
  ensures: [],
  run: ({ graph }) => removeDeadCode(graph),
};

function removeUnreadInitializers(graph: Graph): void {
  const outputs = new Set(graph.outputs);
  const unread = new Set([...graph.initializers].filter((value) => value.readers.size === 0 && !outputs.has(value)));
  if (unread.size === 0) return;
  for (const value of unread) graph.initializers.delete(value);
  const inputs = graph.inputs.filter((input) => !unread.has(input));
  graph.inputs.length = 0;
  for (const input of inputs) graph.inputs.push(input);
}
