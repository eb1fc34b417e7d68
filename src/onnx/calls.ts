import { allowed, DEEPEST_CALLS, FormatError, GraphError, WRITTEN_OUT } from '../base/index.js';
import type { Graph, Node } from './graph.js';
import type { FunctionDefinition, Model } from './model.js';

/** Finds the function that a node calls, if it calls one. */
export function calleesOf(functions: readonly FunctionDefinition[]): (node: Node) => FunctionDefinition | undefined {
  const key = (domain: string, name: string, overload: string) => JSON.stringify([domain, name, overload]);
  const known = new Map<string, FunctionDefinition>();
  // Of several functions with one name the first counts.
  for (const each of [...functions].reverse()) known.set(key(each.domain, each.name, each.overload), each);
  return known.size === 0 ? () => undefined : (node) => known.get(key(node.domain, node.op, node.overload));
}

/**
 * Checks that no function calls itself, directly or through others, and that the calls written out stay a model of a possible size.
 * @throws GraphError, FormatError
 */
export function checkCalls({ graph, functions }: Model): void {
  if (functions.length === 0) return;
  const callee = calleesOf(functions);
  const sizes = new Map<FunctionDefinition, number | 'open'>();
  let own = 0;
  const sizeOfCall = (definition: FunctionDefinition, depth: number): number => {
    const known = sizes.get(definition);
    const where = `function ${definition.domain}.${definition.name}`;
    if (known === 'open') {
      const fix = 'ONNX functions may not be recursive; export the model again.';
      throw new GraphError({ what: 'The function calls itself', where, fix });
    }
    if (known !== undefined) return known;
    if (depth > DEEPEST_CALLS) throw new FormatError({ what: `Functions call each other more than ${DEEPEST_CALLS} deep`, where });
    sizes.set(definition, 'open');
    const size = sizeOfGraph(definition.graph, depth + 1);
    sizes.set(definition, size);
    return size;
  };
  const sizeOfGraph = (body: Graph, depth: number): number => {
    let size = 0;
    for (const node of body.nodes) {
      own++;
      const definition = callee(node);
      size += definition ? sizeOfCall(definition, depth) : 1;
      for (const inner of node.subgraphs()) size += sizeOfGraph(inner, depth);
    }
    return size;
  };
  const size = sizeOfGraph(graph, 0) + functions.reduce((sum, each) => sum + sizeOfCall(each, 0), 0);
  const most = allowed(WRITTEN_OUT, own);
  if (size > most)
    throw new FormatError({
      what: 'Its functions written out are too large',
      expected: `at most ${most} nodes for ${own} in the file`,
      got: `${size}`,
    });
}
