import { commonGraph, type Graph, graphsOf, type Value } from '../../onnx/index.js';
import { traitsOf } from '../../ops/index.js';

/** Where in nested graphs what stands for a weight goes. */
export class Places {
  /** Bodies that may run many times for each run of the model. */
  readonly #repeated = new Set<Graph>();

  constructor(graph: Graph) {
    for (const { nodes } of graphsOf(graph))
      for (const node of nodes) if (!traitsOf(node).branches) for (const body of node.subgraphs()) this.#repeated.add(body);
  }

  /**
   * The innermost graph around all that reads a weight, so that only a branch that is taken pays, but outside all loops. Integers and what turns
   * them into floats must stand together: ONNX Runtime looks for the weight of a DequantizeLinear in its own graph only.
   */
  of(weight: Value): Graph {
    let place = weight.users.map(({ graph }) => graph as Graph).reduce(commonGraph);
    for (let graph: Graph | undefined = place; graph; graph = graph.outer)
      if (this.#repeated.has(graph) && graph.outer) place = graph.outer;
    return place;
  }
}
