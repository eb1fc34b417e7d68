import { type Model, type Node, type Pass, takeBranch } from '../../onnx/index.js';
import { Inference } from '../inference.js';

export const knownBranches: Pass = {
  name: 'take-known-branches',
  summary: 'Puts a branch of an `If` in its place where the condition is constant or follows from static shapes.',
  kind: 'form',
  requires: [],
  ensures: [],
  run: takeKnownBranches,
};

/**
 * Takes the branch of every If whose condition is constant or follows from static shapes, branches inside branches included: exporters write
 * them for axes that are squeezed only where they have size 1.
 */
function takeKnownBranches(model: Model): number {
  const { graph } = model;
  let count = 0;
  const inference = new Inference(model.opsets);
  inference.graph(graph);
  for (let queue = graph.nodes.filter(isIf); queue.length > 0; ) {
    const node = queue.pop() as Node;
    const [condition] = node.inputs;
    const holds = inference.integers(condition)?.[0] ?? condition?.constant?.numbers()[0];
    const branch = node.subgraph(holds === 0 ? 'else_branch' : 'then_branch');
    if (typeof holds !== 'number' || !branch) continue;
    for (const inner of branch.nodes.filter(isIf)) queue.push(inner);
    takeBranch(graph, node, branch);
    count++;
  }
  graph.sort();
  return count;
}

function isIf(node: Node): boolean {
  return node.op === 'If' && node.domain === '';
}
