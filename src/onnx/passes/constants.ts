import { type Graph, type Node, Value } from '../graph.js';
import { graphsOf } from '../nested.js';
import { constantsAreInitializers, functionsWrittenOut } from './conditions.js';
import type { Pass } from './pass.js';

/**
 * Turns Constant nodes of a graph into initializers, in place: exporters store weights either way, and techniques look for them in one
 * place. Those that are graph outputs stay, and subgraphs keep theirs.
 * @returns the number of nodes removed.
 */
export function constantsToInitializers(graph: Graph): number {
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
  return replaced.length;
}

export const constantInitializers: Pass = {
  name: 'constants-to-initializers',
  summary: '`Constant` nodes of the main graph become initializers.',
  kind: 'form',
  requires: [],
  ensures: [constantsAreInitializers],
  run: ({ graph }) => constantsToInitializers(graph),
};

/** The same in branches and bodies of loops. */
export const innerConstantInitializers: Pass = {
  name: 'inner-constants-to-initializers',
  summary: '`Constant` nodes inside branches and bodies become initializers, too.',
  kind: 'form',
  requires: [functionsWrittenOut, constantsAreInitializers],
  ensures: [],
  run: ({ graph }) => graphsOf(graph).reduce((sum, each) => sum + constantsToInitializers(each), 0),
};
