import { Graph, GraphBuilder, Model } from '../../onnx/index.js';

/** A model that does next to nothing: compiling it loads a runtime, so that others do not wait for that. */
export function smallestModel(): Model {
  const graph = new Graph('smallest');
  const build = new GraphBuilder(graph);
  build.output(build.op('Relu', [build.input('x', 'float32', [1])]), 'y');
  return new Model(graph, 17);
}
