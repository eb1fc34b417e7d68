import { type Graph, type Node, Value } from '../graph.js';

/**
 * Turns Constant nodes of a graph into initializers, in place: exporters store weights either way, and techniques look for them in one
 * place. Subgraphs keep theirs.
 */
export function constantsToInitializers(graph: Graph): void {
  const replaced: Node[] = [];
  for (const node of graph.nodes) {
    const [output] = node.outputs;
    const tensor = output?.constant;
    if (!output || !tensor || graph.outputs.includes(output)) continue;
    const value = new Value(output.name, output.type ?? { kind: 'tensor', dtype: tensor.dtype, shape: tensor.shape });
    value.initializer = tensor;
    graph.initializers.add(value);
    graph.replace(output, value);
    replaceInSubgraphOutputs(graph, output, value);
    replaced.push(node);
  }
  graph.remove(...replaced);
}

/** A subgraph may hand out a value of the graph around it without any node reading it. */
function replaceInSubgraphOutputs(graph: Graph, old: Value, replacement: Value): void {
  for (const node of graph.nodes) {
    for (const inner of node.subgraphs()) {
      inner.outputs.forEach((output, index) => {
        if (output === old) inner.outputs[index] = replacement;
      });
      replaceInSubgraphOutputs(inner, old, replacement);
    }
  }
}
