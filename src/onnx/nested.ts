import type { Graph, Node, Value } from './graph.js';

/** A graph and every graph inside it: branches of If, bodies of Loop and Scan; outer ones first. */
export function graphsOf(graph: Graph): Graph[] {
  return [graph, ...graph.nodes.flatMap((node) => node.subgraphs().flatMap(graphsOf))];
}

/** Every node of a graph and of the graphs inside it. */
export function nodesOf(graph: Graph): Node[] {
  return graphsOf(graph).flatMap((each) => each.nodes);
}

/** The graph, `graph` itself or one around it, in which a value that `graph` can read stands; undefined where it is none of theirs. */
export function homeOf(value: Value, graph: Graph | undefined): Graph | undefined {
  for (let home = graph; home; home = home.outer)
    if (value.producer?.graph === home || home.initializers.has(value) || home.inputs.includes(value)) return home;
  return undefined;
}

/** The innermost graph that is, or is around, both. */
export function commonGraph(a: Graph, b: Graph): Graph {
  const around = new Set<Graph>();
  for (let graph: Graph | undefined = a; graph; graph = graph.outer) around.add(graph);
  let graph = b;
  while (!around.has(graph)) graph = graph.outer as Graph;
  return graph;
}
