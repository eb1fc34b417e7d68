import type { Attribute, Graph, Node, Value } from '../graph.js';
import { mayVary } from '../random.js';
import type { Tensor } from '../tensor.js';
import type { Pass } from './pass.js';

export interface CommonSubexpressionOptions {
  /** Nodes that are never merged, beside those whose result may vary (see `mayVary`). Default: none. */
  keep?: (node: Node) => boolean;
}

/** Constants with at most this many elements are compared by contents, larger ones by identity. */
const LARGEST_TENSOR = 1024;

/**
 * Merges, in place, nodes of a graph that compute the same: same operator, inputs and attributes, equal small constants counting as one input.
 * Subgraphs are not looked into, nodes that hold one stay, and two graph outputs stay two.
 * @returns the number of nodes removed.
 */
export function mergeCommonSubexpressions(graph: Graph, { keep = () => false }: CommonSubexpressionOptions = {}): number {
  graph.sort();
  const outputs = new Set(graph.outputs);
  const keys = new ValueKeys(graph);
  const known = new Map<string, Node>();
  const merged: Node[] = [];
  for (const node of graph.nodes) {
    const attributes = attributesKey(node);
    if (attributes === undefined || mayVary(node) || keep(node)) continue;
    const made = node.outputs.map((output) => output !== undefined);
    const key = JSON.stringify([node.domain, node.op, node.overload, node.inputs.map((input) => keys.of(input)), attributes, made]);
    const twin = known.get(key);
    if (!twin) {
      known.set(key, node);
      continue;
    }
    if (node.outputs.some((output) => output && outputs.has(output))) continue;
    node.outputs.forEach((output, index) => {
      const other = twin.outputs[index];
      if (output && other) graph.replace(output, other);
    });
    merged.push(node);
  }
  graph.removeAll(merged);
  return merged.length;
}

export const commonSubexpressions: Pass = {
  name: 'merge-common-subexpressions',
  summary: 'Merges nodes that compute the same; never random ones or those of unknown domains.',
  kind: 'simplify',
  requires: [],
  ensures: [],
  run: ({ graph }) => mergeCommonSubexpressions(graph),
};

/** Texts that are equal for values that hold the same. */
class ValueKeys {
  readonly #keys = new Map<Value, string>();
  readonly #inputs: ReadonlySet<Value>;

  constructor(graph: Graph) {
    this.#inputs = new Set(graph.inputs);
  }

  of(value: Value | undefined): string {
    if (!value) return '-';
    const known = this.#keys.get(value);
    if (known !== undefined) return known;
    const contents = value.constant && !this.#inputs.has(value) ? tensorKey(value.constant) : undefined;
    const key = contents ?? `#${this.#keys.size}`;
    this.#keys.set(value, key);
    return key;
  }
}

/** Text that is equal where attributes are; undefined for nodes that hold graphs or large tensors, which are not compared. */
function attributesKey(node: Node): string | undefined {
  const parts: string[] = [];
  for (const [name, attribute] of [...node.attributes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const text = attributeKey(attribute);
    if (text === undefined) return undefined;
    parts.push(`${name}=${text}`);
  }
  return JSON.stringify(parts);
}

function attributeKey(attribute: Attribute): string | undefined {
  switch (attribute.type) {
    case 'float':
    case 'int':
    case 'string':
      return `${attribute.type}:${scalarKey(attribute.value)}`;
    case 'floats':
    case 'ints':
    case 'strings':
      return `${attribute.type}:${JSON.stringify([...attribute.value].map(scalarKey))}`;
    case 'tensor':
      return tensorKey(attribute.value);
    default:
      return undefined;
  }
}

/** Tells 0 from -0 and texts from bytes. */
function scalarKey(value: number | bigint | string | Uint8Array): string {
  if (Object.is(value, -0)) return '-0';
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function tensorKey(tensor: Tensor): string | undefined {
  if (tensor.dtype === 'string' || tensor.size > LARGEST_TENSOR) return undefined;
  return `${tensor.dtype}[${tensor.shape}]${tensor.bytes().join(',')}`;
}
