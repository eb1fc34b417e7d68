import { type Graph, type Pass, typesAreKnown } from '../../onnx/index.js';

/**
 * Hides from a runtime, in place, how large the values inside a graph are: constants that say so become inputs with a default, and declared types
 * go. ONNX Runtime plans ahead to give a value the memory of an earlier one of the same shape, and keeps that from the one to the other; what it
 * cannot plan it takes when a value is made, and gives back after its last reader. Nothing is computed in place then.
 * @returns the number of nodes whose outputs it forgot.
 */
export function forgetSizes(graph: Graph): number {
  for (const value of graph.initializers) {
    if (value.dtype === 'int64' && !graph.inputs.includes(value) && !graph.outputs.includes(value)) graph.inputs.push(value);
  }
  const outputs = new Set(graph.outputs);
  for (const node of graph.nodes) for (const output of node.outputs) if (output && !outputs.has(output)) output.type = undefined;
  return graph.nodes.length;
}

export const forgottenSizes: Pass = {
  name: 'forget-sizes',
  summary: 'Hides from ONNX Runtime how large inner values are, so that it takes their memory only while they live.',
  kind: 'runtime',
  requires: [],
  ensures: [],
  breaks: [typesAreKnown],
  run: ({ graph }) => forgetSizes(graph),
};

/** Forgets, in place, the declared shapes of values inside a graph and its subgraphs: they hold no longer, and are to be inferred anew. */
export function forgetShapes(graph: Graph): void {
  const outputs = new Set(graph.outer ? [] : graph.outputs);
  for (const node of graph.nodes) {
    for (const value of node.outputs)
      if (value?.type?.kind === 'tensor' && !outputs.has(value)) value.type = { kind: 'tensor', dtype: value.dtype };
    for (const inner of node.subgraphs()) forgetShapes(inner);
  }
}
