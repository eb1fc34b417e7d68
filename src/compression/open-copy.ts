import { constantsToInitializers, copyModel, type Graph, inlineFunctions, type Model } from '../onnx/index.js';

/** A copy of a model with initializers for Constant nodes and without functions. */
export function openCopy(source: Model): Model {
  const model = copyModel(inlineFunctions(source));
  constantsToInitializers(model.graph);
  return model;
}

/** A graph and the graphs inside of its nodes: branches, bodies of loops. */
export function* graphsWithin(graph: Graph): Generator<Graph> {
  yield graph;
  for (const node of graph.nodes) for (const inner of node.subgraphs()) yield* graphsWithin(inner);
}
