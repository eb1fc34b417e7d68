import { constantsToInitializers, copyModel, type Graph, inlineFunctions, type Model } from '../onnx/index.js';

/** A copy of a model with initializers for Constant nodes and without functions. */
export function openCopy(source: Model): Model {
  const model = copyModel(inlineFunctions(source));
  constantsToInitializers(model.graph);
  return model;
}

/**
 * The same for what rewrites weights wherever they are, in branches and bodies of loops as well. Weights that are listed as inputs, as all were before IR version
 * 4, are constants: no caller feeds them.
 */
export function openDeepCopy(source: Model): Model {
  const model = openCopy(source);
  const { graph } = model;
  const { feeds } = graph;
  graph.inputs.length = 0;
  for (const feed of feeds) graph.inputs.push(feed);
  for (const each of graphsWithin(graph)) constantsToInitializers(each);
  return model;
}

/** A graph and the graphs inside of its nodes: branches, bodies of loops. */
export function* graphsWithin(graph: Graph): Generator<Graph> {
  yield graph;
  for (const node of graph.nodes) for (const inner of node.subgraphs()) yield* graphsWithin(inner);
}
