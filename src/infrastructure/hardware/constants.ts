import { type DataType, type Graph, isFloat, type Node, type Tensor, type Value } from '../../onnx/index.js';

/** Constants of a model by element type. */
export type ParameterTable = Readonly<Partial<Record<DataType, { readonly count: number; readonly bytes: number }>>>;

/** Types of shapes, axes, indices and texts: constants of these types are stored, but are no parameters. */
const unlearned = new Set<DataType>(['int64', 'bool', 'string']);

export function isParameter(tensor: Tensor): boolean {
  return !unlearned.has(tensor.dtype);
}

/** Counts elements and bytes of constants. */
export function tally(tensors: Iterable<Tensor>): ParameterTable {
  const table: Partial<Record<DataType, { count: number; bytes: number }>> = {};
  for (const tensor of tensors) {
    const entry = table[tensor.dtype] ?? { count: 0, bytes: 0 };
    entry.count += tensor.size;
    entry.bytes += tensor.byteLength;
    table[tensor.dtype] = entry;
  }
  return table;
}

/** Every constant of a graph and its subgraphs: initializers and the outputs of Constant nodes. */
export function* constantsOf(graph: Graph): Generator<Tensor> {
  for (const value of graph.values(true)) {
    const { constant } = value;
    if (constant) yield constant;
  }
}

/**
 * Knows which values are computed from constants alone, such as weights behind DequantizeLinear, Transpose or Cast. They count as weights, in
 * the form in which they are stored, of the layer that uses them.
 */
export class ConstantValues {
  readonly #fixed = new Map<Value, boolean>();

  isFixed(value: Value): boolean {
    const known = this.#fixed.get(value);
    if (known !== undefined) return known;
    const { producer } = value;
    const fixed = value.constant !== undefined || (producer !== undefined && this.isFixedNode(producer));
    this.#fixed.set(value, fixed);
    return fixed;
  }

  /** Whether a node computes only with constants. Nodes without inputs (random numbers) and with subgraphs do not count. */
  isFixedNode(node: Node): boolean {
    if (node.outputs.some((output) => output?.constant)) return true;
    const inputs = node.inputs.filter((input) => input !== undefined);
    return inputs.length > 0 && node.subgraphs().length === 0 && inputs.every((input) => this.isFixed(input));
  }

  /** The stored constants that a value is made of; none where it is not fixed. */
  storedIn(value: Value, found = new Set<Tensor>()): Set<Tensor> {
    if (!this.isFixed(value)) return found;
    const { constant } = value;
    if (constant) found.add(constant);
    else for (const input of value.producer?.inputs ?? []) if (input) this.storedIn(input, found);
    return found;
  }
}

/**
 * The element type in which a value's numbers are really stored: that of the integers where the value was made from narrower integers of the
 * same shape (DequantizeLinear), its own otherwise.
 */
export function storedType(value: Value): DataType | undefined {
  const source = value.producer?.inputs[0];
  if (!isFloat(value.dtype) || !source?.dtype || !/^u?int[248]$/.test(source.dtype)) return value.dtype;
  return source.shape?.length === value.shape?.length ? source.dtype : value.dtype;
}
