import { type Dim, type Graph, type Node, sameDim, type Value } from '../../../onnx/index.js';
import type { KernelRule } from '../kernels/index.js';

/** Nodes that one kernel computes: the first, and what follows it element by element. Only `result` is read elsewhere. */
export interface Group {
  readonly nodes: readonly Node[];
  readonly result: Value | undefined;
}

/** How far a group looks ahead. */
const MOST_NODES = 16;

/**
 * Splits a graph's nodes into groups, in an order in which each runs after what it reads. A node that absorbs (a convolution, say) or is computed
 * element by element takes what follows it element by element, as long as there is one result: of `x → Sigmoid → Mul(x)`, both.
 * @param graph in order.
 */
export function groupsOf(graph: Graph, ruleOf: (node: Node) => KernelRule): Group[] {
  const taken = new Set<Node>();
  const places = new Map(graph.nodes.map((node, place) => [node, place]));
  const groups: (Group & { last: number })[] = [];
  for (const node of graph.nodes) {
    if (taken.has(node)) continue;
    const rule = ruleOf(node);
    const absorbs = rule.kind === 'elementwise' || (rule.kind === 'nest' && rule.absorbs);
    const nodes = absorbs ? regionFrom(node, graph, ruleOf, taken) : [node];
    for (const each of nodes) taken.add(each);
    const last = nodes[nodes.length - 1];
    groups.push({ nodes, result: last.outputs[0], last: places.get(last) ?? 0 });
  }
  return groups.sort((a, b) => a.last - b.last).map(({ nodes, result }) => ({ nodes, result }));
}

/** A node and the most nodes after it that have one result together. */
function regionFrom(first: Node, graph: Graph, ruleOf: (node: Node) => KernelRule, taken: ReadonlySet<Node>): Node[] {
  const [result] = first.outputs;
  if (!result || first.outputs.slice(1).some((output) => output && (output.readers.size > 0 || graph.outputs.includes(output))))
    return [first];
  const region = [first];
  let best = 1;
  while (region.length < MOST_NODES) {
    const next = nextOf(region, graph, result, ruleOf, taken);
    if (!next) break;
    region.push(next);
    // Integers are what is to be stored: whoever reads them as floats computes those.
    if (next.op !== 'DequantizeLinear' && isClosed(region, graph)) best = region.length;
  }
  return region.slice(0, best);
}

/** The first node in order that reads the region and may join it. */
function nextOf(
  region: readonly Node[],
  graph: Graph,
  { shape }: Value,
  ruleOf: (node: Node) => KernelRule,
  taken: ReadonlySet<Node>,
): Node | undefined {
  const inside = new Set(region);
  const readers = new Set(region.flatMap(({ outputs: [output] }) => output?.users ?? []));
  const candidates = graph.nodes.filter((node) => readers.has(node) && !inside.has(node) && !taken.has(node));
  return candidates.find((node) => {
    const [output] = node.outputs;
    return ruleOf(node).kind === 'elementwise' && sameShape(output?.shape, shape) && !readsBeyond(node, inside);
  });
}

/** Whether a node reads something that is computed from the region by nodes outside of it: it cannot run together with the region. */
function readsBeyond(node: Node, inside: ReadonlySet<Node>): boolean {
  const seen = new Set<Node>();
  const follows = (maker: Node | undefined): boolean => {
    if (!maker || seen.has(maker)) return false;
    seen.add(maker);
    return maker.inputs.some((input) => input?.producer && (inside.has(input.producer) || follows(input.producer)));
  };
  return node.inputs.some((input) => input?.producer && !inside.has(input.producer) && follows(input.producer));
}

/** Whether only the last node's result is read outside. */
function isClosed(region: readonly Node[], graph: Graph): boolean {
  const inside = new Set(region);
  return region
    .slice(0, -1)
    .every(({ outputs: [output] }) => output && !graph.outputs.includes(output) && output.users.every((user) => inside.has(user)));
}

function sameShape(a: readonly Dim[] | undefined, b: readonly Dim[] | undefined): boolean {
  return a !== undefined && b !== undefined && a.length === b.length && a.every((dim, axis) => sameDim(dim, b[axis]));
}
