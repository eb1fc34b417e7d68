import { dependentsOf, type Graph, isFloat, type Node, readsOf, type Value } from '../../../onnx/index.js';
import { isElementwise, ruleOf } from '../../../ops/index.js';

/** A part of a graph whose weights are learned together, by what it makes: a layer with its activation, a residual block, an attention block. */
export interface Unit {
  /** Names of the initializers that are learned. */
  readonly weights: readonly string[];
  /** Names of the values that it reads and does not make, constants left out. */
  readonly inputs: readonly string[];
  /** Names of the floating-point values that it makes for others. */
  readonly outputs: readonly string[];
}

/** More weights at a time are learned layer by layer: blocks of nets have fewer, and what is larger is no block but a net without narrow places. */
const MOST_WEIGHTS = 12;

/**
 * A graph's weights in units, in the order in which they are computed. A unit ends where a single value is all that goes on (beside values that no weight has a
 * part in, such as masks), so that blocks with connections around them stay whole (BRECQ, Li et al. 2021, arXiv 2102.05426), and after the element-wise
 * operators that follow.
 * @param graph whose nodes are in order.
 * @param others weights that are not learned, and count for where units end.
 */
export function unitsOf(graph: Graph, weights: ReadonlySet<Value>, others: Iterable<Value> = []): Unit[] {
  const changed = dependentsOf(graph, [...weights, ...others]);
  const nodes = graph.nodes.filter((node) => node.outputs.some((output) => output && changed.has(output)));
  const parts = joined(partsOf(nodes, changed), weights);
  return parts.flatMap((part) => {
    const own = weightsIn(part, weights);
    if (own.length === 0) return [];
    return own.length > MOST_WEIGHTS ? own.map((weight) => unitOf(graph, layerOf(weight), [weight])) : [unitOf(graph, part, own)];
  });
}

/** The unit of one weight alone: the nodes that read it, with what follows number by number. */
export function layerUnit(graph: Graph, weight: Value): Unit {
  return unitOf(graph, layerOf(weight), [weight]);
}

/** Nodes between places where at most one of the values that weights have a part in goes on. */
function partsOf(nodes: readonly Node[], changed: ReadonlySet<Value>): Node[][] {
  const last = new Map<Value, number>();
  nodes.forEach((node, i) => {
    for (const value of readsOf(node)) if (changed.has(value)) last.set(value, i);
  });
  const parts: Node[][] = [[]];
  const open = new Set<Value>();
  nodes.forEach((node, i) => {
    parts.at(-1)?.push(node);
    for (const output of node.outputs) if (output && (last.get(output) ?? 0) > i) open.add(output);
    for (const value of readsOf(node)) if (last.get(value) === i) open.delete(value);
    if (open.size <= 1) parts.push([]);
  });
  return parts.filter((part) => part.length > 0);
}

/** Parts without a weight go with the one before, where they are element-wise, else with the one behind. */
function joined(parts: readonly Node[][], weights: ReadonlySet<Value>): Node[][] {
  const result: Node[][] = [];
  let ahead: Node[] = [];
  for (const part of parts) {
    const hasWeight = weightsIn(part, weights).length > 0;
    if (hasWeight) result.push([...ahead, ...part]);
    else if (ahead.length === 0 && result.length > 0 && part.every(isByNumber)) result.at(-1)?.push(...part);
    else {
      ahead.push(...part);
      continue;
    }
    ahead = [];
  }
  return result;
}

/** Weights that these nodes read and no others. */
function weightsIn(nodes: readonly Node[], weights: ReadonlySet<Value>): Value[] {
  const own = new Set(nodes);
  const read = nodes.flatMap((node) => node.inputs.filter((value) => value !== undefined && weights.has(value))) as Value[];
  return [...new Set(read)].filter((weight) => weight.users.every((user) => own.has(user)));
}

function isByNumber(node: Node): boolean {
  const rule = ruleOf(node);
  return rule !== undefined && isElementwise(rule);
}

/** The nodes that read a weight, and those that only they are followed by, one after the other. */
function layerOf(weight: Value): Node[] {
  const nodes = weight.users;
  if (nodes.length > 1) return nodes;
  for (let node = nodes.at(-1); node; ) {
    const [output, ...others] = node.outputs;
    const [next, ...more] = output?.users ?? [];
    if (!next || others.length > 0 || more.length > 0 || next.graph !== node.graph || !isByNumber(next)) break;
    if (next.inputs.some((value) => value && value !== output && !value.constant)) break;
    nodes.push(next);
    node = next;
  }
  return nodes;
}

function unitOf(graph: Graph, nodes: readonly Node[], weights: readonly Value[]): Unit {
  const own = new Set(nodes);
  const made = nodes.flatMap((node) => node.outputs.filter((output) => output !== undefined));
  const inside = new Set<Value>(made);
  const inputs = nodes.flatMap(readsOf).filter((value) => !value.constant && !inside.has(value));
  const handedOut = (value: Value) => graph.outputs.includes(value) || value.users.some((user) => !isWithin(user, own));
  return {
    weights: weights.map(({ name }) => name),
    inputs: [...new Set(inputs.map(({ name }) => name))],
    outputs: made.filter((value) => isFloat(value.dtype) && handedOut(value)).map(({ name }) => name),
  };
}

/** Whether a node is one of some, or in a subgraph of one. */
function isWithin(node: Node, nodes: ReadonlySet<Node>): boolean {
  return nodes.has(node) || [...nodes].some((each) => each.subgraphs().some((graph) => graph === node.graph));
}
