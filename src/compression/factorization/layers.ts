import { type Graph, type Node, staticShape, type Tensor, type Value } from '../../onnx/index.js';
import { type LayerForm, layerOf } from '../../ops/index.js';
import { graphsWithin } from '../open-copy.js';

/** A dense layer or 1×1 convolution whose weight may become two. */
export interface DenseLayer {
  graph: Graph;
  node: Node;
  weight: Value;
  /** Which input the weight is. */
  index: number;
  /** Rows and columns of the weight as a matrix that is stored row by row. */
  size: readonly [rows: number, columns: number];
}

const FLOATS = new Set(['float32', 'float16', 'float64']);

/** Every layer of a graph and its branches with a constant matrix of its own; weights that several nodes read would have to stay for the others. */
export function denseLayers(graph: Graph): DenseLayer[] {
  return [...graphsWithin(graph)].flatMap((each) => each.nodes.flatMap((node) => denseLayer(each, node) ?? []));
}

function denseLayer(graph: Graph, node: Node): DenseLayer | undefined {
  // Its factors are written in operators of the standard.
  const layer = node.domain === '' ? layerOf(node) : undefined;
  const index = layer && weightIndex(node, layer);
  const weight = index === undefined ? undefined : node.inputs[index];
  const tensor = weight?.initializer;
  if (!layer || index === undefined || !weight || !tensor || !FLOATS.has(tensor.dtype) || !graph.initializers.has(weight)) return undefined;
  if (weight.uses().length !== 1 || graph.outputs.includes(weight)) return undefined;
  const size = sizeOf(layer, node.inputs[1 - index], tensor);
  return size && { graph, node, weight, index, size };
}

/** Where the weight of an operator that may be split stands: of a MatMul either operand may be it. */
function weightIndex({ op, inputs }: Node, { kind, weight }: LayerForm): number | undefined {
  if (op === 'MatMul') return inputs[1]?.initializer ? 1 : 0;
  return kind === 'spread' ? undefined : weight;
}

function sizeOf(
  { kind, groups, transposes }: LayerForm,
  data: Value | undefined,
  { shape }: Tensor,
): readonly [number, number] | undefined {
  if (kind === 'kernel') {
    const [outputs, inputs, ...kernel] = shape;
    return groups === 1 && kernel.every((length) => length === 1) ? [outputs, inputs] : undefined;
  }
  // A vector times a matrix has no axis to spare in between.
  if (transposes || staticShape(data?.shape)?.length === 1) return undefined;
  return shape.length === 2 ? [shape[0], shape[1]] : undefined;
}

/** The largest rank at which two factors hold fewer numbers than `share` of the whole; 0 where there is none. */
export function rankWithin([rows, columns]: DenseLayer['size'], share: number): number {
  return Math.max(0, Math.ceil((share * rows * columns) / (rows + columns)) - 1);
}
