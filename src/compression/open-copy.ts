import {
  constantInitializers,
  copyModel,
  type Graph,
  inlinedFunctions,
  innerConstantInitializers,
  type Model,
  noDefaultInputs,
} from '../onnx/index.js';
import { forms } from '../ops/index.js';

/** A copy of a model with initializers for Constant nodes and without functions. */
export function openCopy(source: Model): Model {
  const model = copyModel(source);
  forms.apply(model, [inlinedFunctions, constantInitializers], undefined);
  return model;
}

/**
 * The same for what rewrites weights wherever they are, in branches and bodies of loops as well. Weights that are listed as inputs, as all were before IR version
 * 4, are constants: no caller feeds them.
 */
export function openDeepCopy(source: Model): Model {
  const model = openCopy(source);
  forms.apply(model, [noDefaultInputs, innerConstantInitializers], undefined);
  return model;
}

/** A graph and the graphs inside of its nodes: branches, bodies of loops. */
export function* graphsWithin(graph: Graph): Generator<Graph> {
  yield graph;
  for (const node of graph.nodes) for (const inner of node.subgraphs()) yield* graphsWithin(inner);
}
