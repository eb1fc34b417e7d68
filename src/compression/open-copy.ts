import {
  constantInitializers,
  copyModel,
  type Graph,
  inlinedFunctions,
  innerConstantInitializers,
  type Model,
  noDefaultInputs,
  staticShape,
} from '../onnx/index.js';
import { forms, traitsOf } from '../ops/index.js';

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

/** A copy of a model whose constants stand in the graph itself, where they stood in branches and bodies: these see what is around them. */
export function liftedWeights(source: Model): Model {
  const model = openDeepCopy(source);
  const { graph } = model;
  for (const each of graphsWithin(graph)) {
    if (each === graph) continue;
    for (const value of [...each.initializers]) {
      // What a branch hands out, it must hold.
      if (each.outputs.includes(value) || each.inputs.includes(value)) continue;
      each.initializers.delete(value);
      value.name = graph.freshName(value.name);
      graph.initializers.add(value);
    }
  }
  return model;
}

/** Weights that the graph only gives another shape have that shape from then on, in place, so that layers read them themselves. Shapes are inferred before. */
export function reshapeWeights(graph: Graph): void {
  for (const each of graphsWithin(graph)) {
    for (const node of [...each.nodes]) {
      const [weight] = node.inputs;
      const [made] = node.outputs;
      const shape = staticShape(made?.shape);
      if (!traitsOf(node).reshapes || !weight?.initializer || !made || !shape) continue;
      // Another reader needs it as it is, and two of them are larger than one.
      if (!each.initializers.has(weight) || weight.uses().length > 1 || each.outputs.includes(made)) continue;
      each.replace(made, each.addInitializer(each.freshName(`${weight.name}.reshaped`), weight.initializer.reshape([...shape])));
      each.removeAll([node]);
      each.initializers.delete(weight);
    }
  }
}
