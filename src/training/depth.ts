import { dependentsOf, type Graph, type Node, readsOf, type Value } from '../onnx/index.js';
import { isDecayed } from './parameters.js';

/** The first part of a network, which stays as it is. */
export interface ShallowPart {
  parameters: Set<Value>;
  /** Nodes whose results depend on no other parameters: they stay in their inference form. */
  nodes: Set<Node>;
}

/**
 * The first `share` of a graph's layers, in the order in which they are computed. A layer is where matrices or kernels meet the data; biases and
 * normalizations belong to the layer before them. The last layer is never part of it.
 * @param parameters all that could be trained.
 * @param share from 0 to 1; the number of layers is rounded down.
 */
export function shallowPart(graph: Graph, parameters: readonly Value[], share: number): ShallowPart {
  graph.sort();
  const places = placesOf(graph, parameters);
  const layers = new Set(parameters.filter(isDecayed).flatMap((parameter) => places.get(parameter) ?? []));
  const order = [...layers].sort((a, b) => a - b);
  // 0.3 of 10 layers is 3, though not in binary.
  const count = Math.min(Math.floor(share * order.length + 1e-9), order.length - 1);
  const end = order[count] ?? 0;
  const shallow = new Set(count > 0 ? parameters.filter((parameter) => (places.get(parameter) ?? end) < end) : []);
  const later = dependentsOf(
    graph,
    parameters.filter((parameter) => !shallow.has(parameter)),
  );
  const stays = (node: Node) => !readsOf(node).some((value) => later.has(value));
  return { parameters: shallow, nodes: new Set(count > 0 ? graph.nodes.filter(stays) : []) };
}

/** For each parameter the number of the first node that brings it, or what is made of it alone, together with the data. */
function placesOf(graph: Graph, parameters: readonly Value[]): Map<Value, number> {
  const places = new Map<Value, number>();
  const made = new Map<Value, Value[]>(parameters.map((parameter) => [parameter, [parameter]]));
  const onData = dependentsOf(graph, graph.feeds);
  graph.nodes.forEach((node, index) => {
    const read = readsOf(node).flatMap((value) => made.get(value) ?? []);
    if (readsOf(node).some((value) => onData.has(value)))
      for (const parameter of read) places.set(parameter, places.get(parameter) ?? index);
    else for (const output of node.outputs) if (output) made.set(output, read);
  });
  return places;
}
