import { type Graph, type Node, Value } from '../graph.js';

/**
 * Turns Constant nodes of a graph into initializers, in place: exporters store weights either way, and techniques look for them in one
 * place. Those that are graph outputs stay, and subgraphs keep theirs.
 */
export function constantsToInitializers(graph: Graph): void {
  const replaced: Node[] = [];
  const outputs = new Set(graph.outputs);
  for (const node of graph.nodes) {
    const [output] = node.outputs;
    const tensor = node.op === 'Constant' ? output?.constant : undefined;
    if (!output || !tensor || outputs.has(output)) continue;
    const value = new Value(output.name, output.type ?? { kind: 'tensor', dtype: tensor.dtype, shape: tensor.shape });
    value.initializer = tensor;
    value.extras = output.extras;
    graph.initializers.add(value);
    graph.replace(output, value);
    replaced.push(node);
  }
  graph.removeAll(replaced);
}
