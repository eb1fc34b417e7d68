import { type Graph, isView, type Node, readsOf } from '../../onnx/index.js';

/**
 * Lists the nodes of a graph, in place, so that ONNX Runtime runs them near a wanted order. Its own order is not the file's: it walks from the
 * nodes that nobody reads, the last one in the file first, to what they need, of several producers again the last in the file first, and runs a
 * node once all that it needs has run. So nothing runs before it is needed, and where a node stands in the file decides only which of several
 * things is done first. Left as they come, the gradients of all activations are made before the first one of a weight, and live until then.
 *
 * Holds for ONNX Runtime's default order where it no longer rewrites the graph: nodes that its optimizer makes are last to it.
 * @param wanted the place of each value in the wanted order, by name; values without one come right after what they are made of.
 */
export function orderForExecution(graph: Graph, wanted: ReadonlyMap<string, number>): void {
  graph.sort();
  const makers = new Map(graph.nodes.map((node) => [node, makersOf(node)]));
  const listed = listBackwards(makers, executionOf(graph, makers, wanted));
  listed.forEach((node, index) => {
    graph.nodes[index] = node;
  });
}

type Makers = ReadonlyMap<Node, readonly Node[]>;

function makersOf(node: Node): Node[] {
  const found = readsOf(node).flatMap(({ producer }) => (producer && producer.graph === node.graph ? [producer] : []));
  return [...new Set(found)];
}

/** The order in which nodes are to run: of several things that a node needs, those that come first in the wanted order. */
function executionOf(graph: Graph, makers: Makers, wanted: ReadonlyMap<string, number>): Node[] {
  const places = placesOf(graph, makers, wanted);
  const ends = graph.nodes.filter((node) => node.outputs.every((output) => !output || output.readers.size === 0));
  const work = new Map(ends.map((node) => [node, countBefore(node, makers)]));
  const place = (node: Node) => places.get(node) ?? 0;
  // The update of the weights needs everything, and what else is left is little.
  ends.sort((a, b) => (work.get(b) ?? 0) - (work.get(a) ?? 0) || place(a) - place(b));
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack = ends.reverse().map((node) => ({ node, ready: false }));
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { node, ready } = top;
    if (ready) order.push(node);
    if (ready || seen.has(node)) continue;
    seen.add(node);
    stack.push({ node, ready: true });
    const needs = (makers.get(node) ?? []).filter((each) => !seen.has(each)).sort((a, b) => place(b) - place(a));
    for (const each of needs) stack.push({ node: each, ready: false });
  }
  return order;
}

function placesOf(graph: Graph, makers: Makers, wanted: ReadonlyMap<string, number>): Map<Node, number> {
  const places = new Map<Node, number>();
  for (const node of graph.nodes) {
    const known = Math.max(-1, ...node.outputs.map((output) => (output && wanted.get(output.name)) ?? -1));
    const after = Math.max(-1, ...(makers.get(node) ?? []).map((maker) => places.get(maker) ?? -1));
    places.set(node, known < 0 || isView(node) ? after + 1e-3 : known);
  }
  return places;
}

/** How many nodes must have run before one, itself included. */
function countBefore(node: Node, makers: Makers): number {
  const seen = new Set([node]);
  for (const each of seen) for (const maker of makers.get(each) ?? []) seen.add(maker);
  return seen.size;
}

/** A list with producers before readers in which, as far as that allows, what runs first stands last. */
function listBackwards(makers: Makers, execution: readonly Node[]): Node[] {
  const places = new Map(execution.map((node, index) => [node, index]));
  const readers = new Map(execution.map((node) => [node, 0]));
  for (const needs of makers.values()) for (const maker of needs) readers.set(maker, (readers.get(maker) ?? 0) + 1);
  const open = new Set(execution.filter((node) => readers.get(node) === 0));
  const list: Node[] = [];
  while (open.size > 0) {
    let first: Node | undefined;
    for (const node of open) if (first === undefined || (places.get(node) ?? 0) < (places.get(first) ?? 0)) first = node;
    if (!first) break;
    open.delete(first);
    list.push(first);
    for (const maker of makers.get(first) ?? []) {
      const left = (readers.get(maker) ?? 0) - 1;
      readers.set(maker, left);
      if (left === 0) open.add(maker);
    }
  }
  return list.reverse();
}
