import { type Graph, type Node, staticShape, type Tensor, type Value } from '../../onnx/index.js';
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
  if (node.domain !== '') return undefined;
  const index = weightIndex(node);
  const weight = index === undefined ? undefined : node.inputs[index];
  const tensor = weight?.initializer;
  if (index === undefined || !weight || !tensor || !FLOATS.has(tensor.dtype) || !graph.initializers.has(weight)) return undefined;
  if (weight.uses().length !== 1 || graph.outputs.includes(weight)) return undefined;
  const size = sizeOf(node, tensor);
  return size && { graph, node, weight, index, size };
}

/** Where the weight of an operator that may be split stands: of a MatMul either operand may be it. */
function weightIndex({ op, inputs }: Node): number | undefined {
  if (op === 'MatMul') return inputs[1]?.initializer ? 1 : 0;
  return op === 'Gemm' || op === 'Conv' ? 1 : undefined;
}

function sizeOf(node: Node, { shape }: Tensor): readonly [number, number] | undefined {
  if (node.op === 'Conv') {
    const [outputs, inputs, ...kernel] = shape;
    return node.int('group', 1) === 1 && kernel.every((length) => length === 1) ? [outputs, inputs] : undefined;
  }
  if (node.op === 'Gemm' && node.int('transA', 0) !== 0) return undefined;
  // A vector times a matrix has no axis to spare in between.
  const other = node.op === 'MatMul' ? node.inputs.find((input) => !input?.initializer) : undefined;
  if (node.op === 'MatMul' && staticShape(other?.shape)?.length === 1) return undefined;
  return shape.length === 2 ? [shape[0], shape[1]] : undefined;
}

/** The largest rank at which two factors hold fewer numbers than `share` of the whole; 0 where there is none. */
export function rankWithin([rows, columns]: DenseLayer['size'], share: number): number {
  return Math.max(0, Math.ceil((share * rows * columns) / (rows + columns)) - 1);
}
