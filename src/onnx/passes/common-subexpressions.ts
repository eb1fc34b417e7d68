import type { Attribute } from '../attributes.js';
import type { Graph, Node, Value } from '../graph.js';

export interface CommonSubexpressionOptions {
  /** Operators whose equal calls give different results: never merged. */
  keep?: (node: Node) => boolean;
}

/**
 * Merges, in place, nodes of a graph that compute the same: same operator, inputs and attributes. Subgraphs are not looked into, and nodes that
 * hold one stay.
 * @returns the number of nodes removed.
 */
export function mergeCommonSubexpressions(graph: Graph, { keep = () => false }: CommonSubexpressionOptions = {}): number {
  graph.sort();
  const numbers = new Map<Value, number>();
  const numberOf = (value: Value | undefined) => {
    if (!value) return '-';
    if (!numbers.has(value)) numbers.set(value, numbers.size);
    return String(numbers.get(value));
  };
  const known = new Map<string, Node>();
  const merged: Node[] = [];
  for (const node of graph.nodes) {
    const attributes = attributesKey(node);
    if (attributes === undefined || keep(node)) continue;
    const key = [
      node.domain,
      node.op,
      node.overload,
      node.inputs.map(numberOf).join(' '),
      attributes,
      node.outputs.map((each) => (each ? 1 : 0)).join(''),
    ].join('|');
    const twin = known.get(key);
    if (!twin) known.set(key, node);
    else if (mergeInto(graph, node, twin)) merged.push(node);
  }
  graph.remove(...merged);
  return merged.length;
}

/** Lets readers of `node` read `twin`. Two graph outputs stay two. */
function mergeInto(graph: Graph, node: Node, twin: Node): boolean {
  if (node.outputs.some((output) => output && graph.outputs.includes(output)) || readInSubgraph(graph, node)) return false;
  node.outputs.forEach((output, index) => {
    const other = twin.outputs[index];
    if (output && other) graph.replace(output, other);
  });
  return true;
}

/** Whether a subgraph hands out one of the node's outputs directly, which no use link shows. */
function readInSubgraph(graph: Graph, node: Node): boolean {
  const handsOut = (inner: Graph): boolean =>
    inner.outputs.some((output) => node.outputs.includes(output)) || inner.nodes.some((each) => each.subgraphs().some(handsOut));
  return graph.nodes.some((each) => each.subgraphs().some(handsOut));
}

/** Text that is equal where attributes are; undefined for nodes that hold graphs or large tensors, which are not compared. */
function attributesKey(node: Node): string | undefined {
  const parts: string[] = [];
  for (const [name, attribute] of [...node.attributes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const text = attributeKey(attribute);
    if (text === undefined) return undefined;
    parts.push(`${name}=${text}`);
  }
  return parts.join(';');
}

const LARGEST_TENSOR = 1024;

function attributeKey(attribute: Attribute): string | undefined {
  switch (attribute.type) {
    case 'float':
    case 'int':
    case 'string':
      return `${attribute.type}:${attribute.value}`;
    case 'floats':
    case 'ints':
    case 'strings':
      return `${attribute.type}:${attribute.value.map(String).join(',')}`;
    case 'tensor': {
      const { value } = attribute;
      if (value.dtype === 'string' || value.size > LARGEST_TENSOR) return undefined;
      return `${value.dtype}[${value.shape}]${value.bytes().join(',')}`;
    }
    default:
      return undefined;
  }
}
