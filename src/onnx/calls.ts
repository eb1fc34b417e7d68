import { FormatError, GraphError } from '../base/index.js';
import type { Graph, Node } from './graph.js';
import type { FunctionDefinition, Model } from './model.js';

/** A model that has more nodes than this once its functions are written out is no honest one. */
const MAX_NODES = 10_000_000;

/** The function that a node calls, if it calls one. */
export function calleeOf(node: Node, functions: readonly FunctionDefinition[]): FunctionDefinition | undefined {
  if (functions.length === 0) return undefined;
  return functions.find((each) => each.name === node.op && each.domain === node.domain && each.overload === node.overload);
}

/**
 * Checks that no function calls itself, directly or through others, and that the calls written out stay a model of a possible size.
 * @throws GraphError, FormatError
 */
export function checkCalls({ graph, functions }: Model): void {
  const sizes = new Map<FunctionDefinition, number | 'open'>();
  const sizeOfCall = (definition: FunctionDefinition): number => {
    const known = sizes.get(definition);
    if (known === 'open') {
      throw new GraphError({
        what: 'The function calls itself',
        where: `function ${definition.domain}.${definition.name}`,
        fix: 'ONNX functions may not be recursive; export the model again.',
      });
    }
    if (known !== undefined) return known;
    sizes.set(definition, 'open');
    const size = sizeOfGraph(definition.graph);
    sizes.set(definition, size);
    return size;
  };
  const sizeOfGraph = (body: Graph): number => {
    let size = 0;
    for (const node of body.nodes) {
      const definition = calleeOf(node, functions);
      size += definition ? sizeOfCall(definition) : 1;
      for (const inner of node.subgraphs()) size += sizeOfGraph(inner);
    }
    return size;
  };
  const size = functions.length > 0 ? sizeOfGraph(graph) + functions.reduce((sum, each) => sum + sizeOfCall(each), 0) : 0;
  if (size > MAX_NODES)
    throw new FormatError({ what: 'Its functions written out are too large', expected: `at most ${MAX_NODES} nodes`, got: `${size}` });
}
