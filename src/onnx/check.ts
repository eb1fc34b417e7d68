import { GraphError } from '../base/index.js';
import type { Graph, Node, Value } from './graph.js';

/** Values visible at one place, by name: this graph's, then those of the graphs around it. */
class Visible {
  readonly #here = new Map<string, Value>();
  readonly #outer?: Visible;

  constructor(graph: Graph, outer?: Visible) {
    this.#outer = outer;
    for (const value of graph.values()) {
      if (this.#here.has(value.name)) throw new GraphError({ what: `Two values are called "${value.name}"`, where: placeOf(value, graph) });
      this.#here.set(value.name, value);
    }
  }

  find(name: string): Value | undefined {
    return this.#here.get(name) ?? this.#outer?.find(name);
  }

  isHere(value: Value): boolean {
    return this.#here.get(value.name) === value;
  }
}

/**
 * Checks that in a file, where values are known by their names only, each node would read what it reads in memory.
 * @throws GraphError where two values of a graph have one name, or a value that is read is not there or hidden by another.
 */
export function checkNames(graph: Graph): void {
  visit(graph, undefined, () => {});
}

/**
 * Checks a graph and its subgraphs: names as `checkNames` does, and that every link between nodes and values is told alike from both ends.
 * For tests of whatever changes graphs.
 * @throws GraphError naming the node.
 */
export function checkLinks(graph: Graph): void {
  const uses = new Map<Value, Map<Node, number>>();
  const nodes = new Set<Node>();
  const values = new Set<Value>();
  visit(graph, undefined, (node, home) => {
    if (node.graph !== home) throw new GraphError({ what: 'The node does not know the graph that lists it', where: node.label });
    if (nodes.has(node)) throw new GraphError({ what: 'The node is listed twice', where: node.label });
    nodes.add(node);
    for (const output of node.outputs) {
      if (!output) continue;
      values.add(output);
      if (output.producer !== node) throw new GraphError({ what: `"${output.name}" does not know its maker`, where: node.label });
    }
    for (const inner of node.subgraphs())
      if (inner.outer !== home) throw new GraphError({ what: 'A subgraph does not know its graph', where: node.label });
    for (const input of node.inputs) {
      if (!input) continue;
      values.add(input);
      const counts = uses.get(input) ?? new Map<Node, number>();
      uses.set(input, counts.set(node, (counts.get(node) ?? 0) + 1));
    }
  });
  for (const value of values) checkReaders(value, uses.get(value) ?? new Map());
}

function checkReaders(value: Value, counts: ReadonlyMap<Node, number>): void {
  const wrong = [...new Set([...value.readers.keys(), ...counts.keys()])].find((node) => value.readers.get(node) !== counts.get(node));
  if (!wrong) return;
  throw new GraphError({
    what: `"${value.name}" does not know its readers`,
    where: wrong.label,
    expected: `${counts.get(wrong) ?? 0} uses`,
    got: `${value.readers.get(wrong) ?? 0}`,
  });
}

function visit(graph: Graph, outer: Visible | undefined, each: (node: Node, graph: Graph) => void): void {
  const visible = new Visible(graph, outer);
  for (const node of graph.nodes) {
    each(node, graph);
    for (const input of node.inputs) if (input && visible.find(input.name) !== input) throw hidden(input, visible, node.label);
    for (const inner of node.subgraphs()) visit(inner, visible, each);
  }
  for (const output of graph.outputs) if (!visible.isHere(output)) throw hidden(output, visible, `output of graph "${graph.name}"`);
}

function hidden(value: Value, visible: Visible, where: string): GraphError {
  const what = visible.find(value.name) ? `Another value hides "${value.name}", which is read here` : `Nothing makes "${value.name}"`;
  return new GraphError({ what, where });
}

function placeOf({ producer }: Value, graph: Graph): string {
  return producer ? producer.label : `graph "${graph.name}"`;
}
