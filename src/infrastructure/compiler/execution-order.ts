import { type Graph, isView, type Node, peakBytes, readsOf } from '../../onnx/index.js';

/** What is known of the values of a graph: by name, because the graph may be another one's optimized form. */
export interface Execution {
  /** Place of the node that makes a value in the order in which the graph was written. */
  readonly place: ReadonlyMap<string, number>;
  /** Bytes of values; others count nothing. */
  readonly bytes: ReadonlyMap<string, number>;
}

/**
 * Lists the nodes of a graph, in place, so that ONNX Runtime needs little memory to run it. Its own order is not the file's: it walks from the
 * nodes that nobody reads, the last one in the file first, to what they need, of several producers again the last in the file first, and runs a
 * node once all that it needs has run. So nothing runs before it is needed, and where a node stands in the file decides only which of several
 * things is done first. As a training step comes, the gradients of all activations may be made before the first one of a weight, and live until
 * then. Nodes are listed so that they run near the order in which they were written, or near the one in which they stand: whichever needs less.
 *
 * Holds for ONNX Runtime's default order where it no longer rewrites the graph: nodes that its optimizer makes are last to it.
 */
export function orderForExecution(graph: Graph, { place, bytes }: Execution): void {
  graph.sort();
  const makers = new Map(graph.nodes.map((node) => [node, makersOf(node)]));
  const sizes = withSources(graph, bytes);
  const peak = (order: readonly Node[]) => peakBytes(graph, order, ({ name }) => sizes.get(name) ?? 0);
  const lists = [asWritten(graph, makers, place, sizes), graph.nodes].map((order) => listBackwards(makers, order));
  const peaks = lists.map((list) => peak(executed(list, makers)));
  lists[peaks[0] <= peaks[1] ? 0 : 1].forEach((node, index) => {
    graph.nodes[index] = node;
  });
}

/** The sizes of values, and of those that views of a known size are made of. */
function withSources(graph: Graph, bytes: ReadonlyMap<string, number>): Map<string, number> {
  const sizes = new Map(bytes);
  for (const node of [...graph.nodes].reverse()) {
    const size = sizes.get(node.outputs[0]?.name ?? '');
    const source = node.inputs[0]?.name;
    if (isView(node) && size !== undefined && source !== undefined && !sizes.has(source)) sizes.set(source, size);
  }
  return sizes;
}

type Makers = ReadonlyMap<Node, readonly Node[]>;

function makersOf(node: Node): Node[] {
  const found = readsOf(node).flatMap(({ producer }) => (producer && producer.graph === node.graph ? [producer] : []));
  return [...new Set(found)];
}

/** The order in which ONNX Runtime runs a list of nodes. */
function executed(list: readonly Node[], makers: Makers): Node[] {
  const index = new Map(list.map((node, each) => [node, each]));
  const lastFirst = (a: Node, b: Node) => (index.get(b) ?? 0) - (index.get(a) ?? 0);
  return walk(endsOf(list).sort(lastFirst), makers, lastFirst);
}

/** The order nearest to the written one in which nothing runs before it is needed. */
function asWritten(graph: Graph, makers: Makers, place: ReadonlyMap<string, number>, sizes: ReadonlyMap<string, number>): Node[] {
  const places = placesOf(graph, makers, place);
  const firstFirst = (a: Node, b: Node) => (places.get(a) ?? 0) - (places.get(b) ?? 0);
  const ends = endsOf(graph.nodes);
  const size = (node: Node) => Math.max(0, ...node.outputs.map((output) => sizes.get(output?.name ?? '') ?? 0));
  // The largest are the weights: they need nearly everything, and what is left then is little.
  ends.sort((a, b) => size(b) - size(a) || firstFirst(a, b));
  return walk(ends, makers, firstFirst);
}

function endsOf(nodes: readonly Node[]): Node[] {
  return nodes.filter((node) => node.outputs.every((output) => !output || output.readers.size === 0));
}

/** From each end to what it needs, which runs before it. @param compare says which of several needs comes first. */
function walk(ends: readonly Node[], makers: Makers, compare: (a: Node, b: Node) => number): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack = [...ends].reverse().map((node) => ({ node, ready: false }));
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { node, ready } = top;
    if (ready) order.push(node);
    if (ready || seen.has(node)) continue;
    seen.add(node);
    stack.push({ node, ready: true });
    const needs = (makers.get(node) ?? []).filter((each) => !seen.has(each)).sort(compare);
    for (const each of needs.reverse()) stack.push({ node: each, ready: false });
  }
  return order;
}

function placesOf(graph: Graph, makers: Makers, place: ReadonlyMap<string, number>): Map<Node, number> {
  const places = new Map<Node, number>();
  for (const node of graph.nodes) {
    const known = Math.max(-1, ...node.outputs.map((output) => (output && place.get(output.name)) ?? -1));
    const after = Math.max(-1, ...(makers.get(node) ?? []).map((maker) => places.get(maker) ?? -1));
    places.set(node, known < 0 || isView(node) ? after + 1e-3 : known);
  }
  return places;
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
