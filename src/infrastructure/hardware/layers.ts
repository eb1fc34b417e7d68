import { EspalierError, sizeOf } from '../../base/index.js';
import {
  byteLengthOf,
  bytesOf,
  type DataType,
  type Dim,
  type Graph,
  type Node,
  staticShape,
  type Tensor,
  type Value,
} from '../../onnx/index.js';
import { type CostContext, inferenceNormalization, type MatrixProduct, ruleOf, traitsOf } from '../../ops/index.js';
import { storedInAttributes } from './attributes.js';
import { type ConstantValues, isParameter, storedType } from './constants.js';
import { type ArithmeticType, arithmeticType } from './energy.js';

/** The cost of one node in one run. */
export interface LayerCost {
  /** The node's name, or its first output's where it has none. */
  readonly node: string;
  readonly op: string;
  /** Label of the node whose subgraph this one is in. */
  readonly within?: string;
  /** In a branch that is cheaper than another of the same node: listed, but in no total. */
  readonly alternative?: true;
  /** Shapes, as texts where a dimension is not known: [1, 3, "H", "W"]; undefined where the rank is not. */
  readonly inputs: readonly (readonly (number | string)[] | undefined)[];
  readonly outputs: readonly (readonly (number | string)[] | undefined)[];
  /** Elements of the constants that it uses, shapes and indices not counted. A constant that two layers share is listed in both. */
  readonly parameters: number;
  /** Bytes of these constants as they are stored, shapes and indices included. */
  readonly weightBytes: number;
  /** It reads an input of the model, or makes an output: memory that it cannot share with other layers. */
  readonly atEdge?: true;
  /** Its weights are inputs of the model that have defaults: whoever runs it may give others, so that a runtime cannot lay them out anew. */
  readonly replaceable?: true;
  /** Multiply-accumulates; undefined where they cannot be known (see Footprint.gaps). */
  readonly macs: number | undefined;
  /** The matrix products that these are, where the operator is such. */
  readonly product?: MatrixProduct;
  /**
   * Where it reorders axes: numbers that stay neighbours, which are the sizes behind the last axis that moves, multiplied; and how many axes move against the
   * others, those of size 1 left out.
   */
  readonly order?: { readonly together: number; readonly moved: 'none' | 'one' | 'several' };
  /** Bytes of its outputs. */
  readonly activationBytes: number;
  /** Bytes of activations read and written. */
  readonly traffic: number;
  /**
   * It changes numbers one by one, or channel by channel, that a layer with products makes and that nothing else reads: many compilers do both in one go.
   */
  readonly fusable?: true;
  /** Element type of its multiplications as stored: int8 for a convolution between DequantizeLinear nodes. */
  readonly dtype: DataType | undefined;
  /** Column of the energy table and of a device's speeds. */
  readonly arithmetic?: ArithmeticType;
}

/** Something that the numbers leave out, and why. */
export interface Gap {
  readonly node: string;
  readonly reason: string;
}

/**
 * Costs of the nodes of a typed graph, subgraphs' nodes behind the node that holds them. Nodes that compute with constants alone are left out:
 * they run once, when the model is loaded.
 */
export function layerCosts(graph: Graph, opsets: ReadonlyMap<string, number>, constants: ConstantValues, gaps: Gap[]): LayerCost[] {
  const list = (inner: Graph, within?: string): LayerCost[] =>
    inner.nodes.flatMap((node) => {
      if (constants.isFixedNode(node)) return [];
      const bodies = node.subgraphs();
      // A body with inputs of its own is run over and over; a branch has none.
      if (bodies.some((body) => body.feeds.length > 0)) {
        gaps.push({ node: node.label, reason: 'how often its body runs is not known; it is counted once' });
      }
      const layer = layerCost(node, within, opsets, constants, gaps);
      return [layer, ...costliestFirst(bodies.map((body) => list(body, node.label)))];
    });
  return list(graph);
}

/** Only one of a node's branches runs: the costliest one is counted, the others are marked. */
function costliestFirst(branches: readonly LayerCost[][]): LayerCost[] {
  const cost = (layers: readonly LayerCost[], field: 'macs' | 'traffic') => layers.reduce((sum, layer) => sum + (layer[field] ?? 0), 0);
  const ranked = [...branches].sort((a, b) => cost(b, 'macs') - cost(a, 'macs') || cost(b, 'traffic') - cost(a, 'traffic'));
  return ranked.flatMap((layers, rank) => (rank === 0 ? layers : layers.map((layer) => ({ ...layer, alternative: true as const }))));
}

function layerCost(
  node: Node,
  within: string | undefined,
  opsets: ReadonlyMap<string, number>,
  constants: ConstantValues,
  gaps: Gap[],
): LayerCost {
  const moving = present(node.inputs).filter((input) => !constants.isFixed(input));
  const stored = new Set<Tensor>();
  for (const input of present(node.inputs)) constants.storedIn(input, stored);
  const weights = [...stored];
  const own = storedInAttributes(node);
  const outputs = present(node.outputs);
  for (const value of outputs) {
    if (bytesOf(value) === undefined)
      gaps.push({ node: node.label, reason: `the size of its output "${value.name}" is not known before it runs` });
  }
  const bytes = (values: readonly Value[]) => values.reduce((sum, value) => sum + (bytesOf(value) ?? 0), 0);
  const dtype = multiplied(node);
  const counted = countOf(node, opsets, gaps);
  return {
    node: node.name || (outputs[0]?.name ?? ''),
    op: node.op,
    ...(within !== undefined && { within }),
    inputs: present(node.inputs).map((value) => shapeText(value.shape)),
    outputs: outputs.map((value) => shapeText(value.shape)),
    parameters: weights.filter(isParameter).reduce((sum, tensor) => sum + tensor.size, own.parameters),
    weightBytes: weights.reduce((sum, tensor) => sum + tensor.byteLength, own.bytes),
    ...(isAtEdge(node) && { atEdge: true as const }),
    ...(present(node.inputs).some(isReplaceable) && { replaceable: true as const }),
    macs: counted.macs,
    ...(counted.product && { product: counted.product }),
    ...orderOf(node),
    activationBytes: bytes(outputs),
    traffic: bytes(outputs) + bytes(moving),
    ...(isFusable(node) && { fusable: true as const }),
    dtype,
    ...(dtype && { arithmetic: arithmeticType(dtype) }),
  };
}

function isAtEdge({ graph, inputs, outputs }: Node): boolean {
  const isInput = graph?.feeds.some((feed) => feed === inputs[0]) ?? false;
  return isInput || outputs.some((output) => output && graph?.outputs.includes(output));
}

function orderOf(node: Node): Pick<LayerCost, 'order'> {
  const shape = staticShape(node.outputs[0]?.shape);
  const axes = shape && traitsOf(node).permutes?.(node, shape.length);
  if (!axes) return {};
  const wide = axes.map((axis, place) => ({ axis, size: shape[place] })).filter(({ size }) => size > 1);
  const order = wide.map(({ axis }) => wide.filter((other) => other.axis < axis).length);
  const last = order.findLastIndex((axis, place) => axis !== place);
  // One axis moves where the others keep their order without it.
  const sorted = (left: readonly number[]) => left.every((axis, place) => place === 0 || left[place - 1] < axis);
  const isOne = order.some((_, place) => sorted(order.filter((_, other) => other !== place)));
  return {
    order: { together: sizeOf(wide.slice(last + 1).map(({ size }) => size)), moved: last < 0 ? 'none' : isOne ? 'one' : 'several' },
  };
}

/** Whether a constant is an input of the model, too. */
function isReplaceable(value: Value): boolean {
  return value.initializer !== undefined && value.users.some(({ graph }) => graph?.inputs.includes(value));
}

/** Whether what it changes one by one is the result of a product that nothing else reads, straight or after others like itself. */
function isFusable(node: Node): boolean {
  const source = node.inputs[0];
  const { producer } = source ?? {};
  if (!source || !producer || source.users.length !== 1 || source.users[0] !== node) return false;
  if (producer.graph?.outputs.includes(source)) return false;
  if (traitsOf(node).keepsPlaces !== true && inferenceNormalization(node) === undefined) return false;
  return traitsOf(producer).product !== undefined || isFusable(producer);
}

/** Multiply-accumulates, and the products that they are, by the operator's rule. A node with subgraphs has none of its own: its body's nodes are listed. */
function countOf(node: Node, opsets: ReadonlyMap<string, number>, gaps: Gap[]): Pick<LayerCost, 'macs' | 'product'> {
  if (node.subgraphs().length > 0) return { macs: 0 };
  const rule = ruleOf(node);
  if (!rule) {
    gaps.push({ node: node.label, reason: 'Espalier has no rule for this operator' });
    return { macs: undefined };
  }
  const shape = (values: readonly (Value | undefined)[], index: number) => {
    const value = values[index];
    if (!value) return [];
    const known = staticShape(value.shape);
    if (!known) throw new EspalierError(`the shape of "${value.name}" is not known before it runs`);
    return known;
  };
  try {
    const context: CostContext = {
      node,
      opset: opsets.get(node.domain) ?? opsets.get(node.domain === '' ? 'ai.onnx' : '') ?? 1,
      input: (index) => shape(node.inputs, index),
      output: (index) => shape(node.outputs, index),
    };
    return { macs: rule.macs(context), product: rule.traits?.product?.(context) };
  } catch (cause) {
    const reason = cause instanceof EspalierError ? cause.what : 'its shapes do not fit the operator';
    gaps.push({ node: node.label, reason: `its multiplications cannot be counted: ${reason}` });
    return { macs: undefined };
  }
}

/** The widest stored type among the matrices that a node reads; scales, zero points and biases are not matrices. */
function multiplied(node: Node): DataType | undefined {
  const inputs = present(node.inputs);
  const matrices = inputs.filter((input) => (input.shape?.length ?? 0) >= 2);
  const types = (matrices.length > 0 ? matrices : inputs.slice(0, 1)).map(storedType).filter((type) => type !== undefined);
  return types.sort((a, b) => byteLengthOf(b, 8) - byteLengthOf(a, 8))[0];
}

function shapeText(shape: readonly Dim[] | undefined): (number | string)[] | undefined {
  return shape?.map((dim) => (typeof dim === 'number' ? dim : dim.text));
}

function present<T>(items: readonly (T | undefined)[]): T[] {
  return items.filter((item) => item !== undefined);
}
