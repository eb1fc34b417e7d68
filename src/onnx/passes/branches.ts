import { type Graph, Node } from '../graph.js';

/**
 * Puts a branch of an If in the If's place: the branch's nodes and constants move into the graph around it, and the If goes with its other
 * branch. Its outputs stay the values that they are; what moves is renamed where its name is taken. The graph must be sorted afterwards.
 */
export function takeBranch(graph: Graph, node: Node, branch: Graph): void {
  const own = new Set(branch.values(true));
  const others = new Set([...graph.values(true)].filter((value) => !own.has(value)).map((value) => value.name));
  for (const value of own) if (others.has(value.name)) value.name = graph.freshName(value.name);
  for (const value of branch.initializers) graph.initializers.add(value);
  for (const moved of branch.nodes.splice(0)) graph.add(moved);
  node.outputs.forEach((result, index) => {
    if (!result) return;
    const copy = graph.add(new Node('Identity', '', graph.freshName(`${node.name || node.op}_output`)));
    copy.setInput(0, branch.outputs[index]);
    copy.setOutput(0, result);
  });
  graph.remove(node);
}
