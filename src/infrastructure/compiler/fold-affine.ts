import { sizeOf } from '../../base/index.js';
import { constantFloat, type Graph, graphsOf, type Node, type Pass, Tensor, typesAreKnown } from '../../onnx/index.js';
import { layerOf, traitsOf } from '../../ops/index.js';

/**
 * Brings layers into the form that has an integer kernel, in place: additions and multiplications of constants after a convolution or dense
 * layer go into its weight and bias, a product of matrices with a bias becomes Gemm, and Gemm's factors go into its constants.
 * @returns the number of nodes removed.
 */
function foldAffine(graph: Graph): number {
  graph.sort();
  const gone: Node[] = [];
  for (const node of graph.nodes) {
    if (node.op === 'Gemm' && node.domain === '') foldFactors(graph, node);
    if (traitsOf(node).combines === 'quotient') divisionToProduct(graph, node);
    const { combines } = traitsOf(node);
    if ((combines === 'sum' || combines === 'product') && foldInto(graph, node, combines)) gone.push(node);
  }
  graph.removeAll(gone);
  return gone.length;
}

export const foldedAffine: Pass = {
  name: 'fold-affine',
  summary:
    'Additions and multiplications of constants go into the Conv, Gemm or MatMul before them, in the form that has an integer kernel.',
  kind: 'form',
  requires: [typesAreKnown],
  ensures: [],
  run: ({ graph }) => graphsOf(graph).reduce((sum, each) => sum + foldAffine(each), 0),
};

/** x / c as x · (1 / c): division has no integer kernel, and multiplication by one number costs no precision in integers. */
function divisionToProduct(graph: Graph, node: Node): void {
  const divisor = constantFloat(graph, node.inputs[1]);
  const factors = divisor?.toFloat32().map((value) => 1 / value);
  if (!divisor || !factors?.every(Number.isFinite)) return;
  node.op = 'Mul';
  node.domain = '';
  node.attributes.clear();
  setConstant(graph, node, 1, Tensor.of('float32', divisor.shape, factors));
}

/** Folds x + c or x · c into the layer that made x, where nothing else reads x and c varies along the output channels only. */
function foldInto(graph: Graph, node: Node, combines: 'sum' | 'product'): boolean {
  const side = constantFloat(graph, node.inputs[0]) ? 0 : 1;
  const constant = constantFloat(graph, node.inputs[side]);
  const data = node.inputs[1 - side];
  const layer = data?.producer;
  const [result] = node.outputs;
  if (!constant || !data || !layer || !result || layer.graph !== graph || layer.domain !== '') return false;
  if (data.readers.size !== 1 || data.uses().length !== 1 || graph.outputs.includes(data)) return false;
  const form = layerForm(graph, layer);
  const factors = form && channelValues(constant, form);
  if (!form || !factors) return false;
  if (combines === 'product') scaleLayer(graph, layer, form, factors);
  else shiftLayer(graph, layer, form, factors);
  graph.replace(result, data);
  return true;
}

interface LayerForm {
  weight: Tensor;
  bias?: Tensor;
  /** Of the weight. */
  axis: number;
  channels: number;
  /** Of the output. */
  rank: number;
  channelAxis: number;
}

/** A layer with constant float32 weight whose output channels can be scaled and shifted. Gemm's factors must have been folded. */
function layerForm(graph: Graph, layer: Node): LayerForm | undefined {
  const form = layer.domain === '' ? layerOf(layer) : undefined;
  const weight = constantFloat(graph, layer.inputs[1]);
  const rank = layer.inputs[0]?.shape?.length;
  const bias = constantFloat(graph, layer.inputs[2]);
  if (!form || form.kind === 'spread' || !weight || rank === undefined || (layer.inputs[2] && !bias)) return undefined;
  const axis = form.outputs;
  const channels = weight.shape[axis];
  if (form.kind === 'kernel') return { weight, bias, axis, channels, rank, channelAxis: 1 };
  if (rank !== 2 || weight.shape.length !== 2 || form.factors.some((factor) => factor !== 1)) return undefined;
  return bias && bias.size !== channels ? undefined : { weight, bias, axis, channels, rank, channelAxis: 1 };
}

/** One value for each channel, where broadcasting the constant gives that and keeps the output's shape. */
function channelValues(constant: Tensor, { channels, rank, channelAxis }: LayerForm): Float32Array | undefined {
  const { shape } = constant;
  if (shape.length > rank) return undefined;
  const fits = shape.every((dim, i) => dim === 1 || (i + rank - shape.length === channelAxis && dim === channels));
  if (!fits) return undefined;
  const values = constant.toFloat32();
  return values.length === channels ? values : new Float32Array(channels).fill(values[0]);
}

function scaleLayer(graph: Graph, layer: Node, { weight, bias, axis, channels }: LayerForm, factors: Float32Array): void {
  const inner = sizeOf(weight.shape.slice(axis + 1));
  const scaled = weight.toFloat32().map((value, i) => value * factors[Math.floor(i / inner) % channels]);
  setConstant(graph, layer, 1, Tensor.of('float32', weight.shape, scaled));
  if (bias) {
    const moved = bias.toFloat32().map((value, c) => value * factors[c]);
    setConstant(graph, layer, 2, Tensor.of('float32', [channels], moved));
  }
}

function shiftLayer(graph: Graph, layer: Node, { bias, channels }: LayerForm, offsets: Float32Array): void {
  const before = bias?.toFloat32();
  layer.op = layer.op === 'MatMul' ? 'Gemm' : layer.op;
  const moved = offsets.map((offset, c) => offset + (before?.[c] ?? 0));
  setConstant(graph, layer, 2, Tensor.of('float32', [channels], moved));
}

/** alpha · A · B + beta · C with constant B and C: the factors go into them, and C becomes one number for each column. */
function foldFactors(graph: Graph, node: Node): void {
  const weight = constantFloat(graph, node.inputs[1]);
  if (!weight) return;
  const bias = constantFloat(graph, node.inputs[2]);
  const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)];
  if (node.inputs[2] && !bias) return;
  const columns = weight.shape[1 - node.int('transB', 0)];
  const row = bias && (bias.size === 1 || (bias.size === columns && bias.shape.at(-1) === columns));
  if (bias && !row) return;
  if (alpha !== 1) {
    setConstant(
      graph,
      node,
      1,
      Tensor.of(
        'float32',
        weight.shape,
        weight.toFloat32().map((value) => value * alpha),
      ),
    );
  }
  if (bias && (beta !== 1 || bias.shape.length !== 1 || bias.size !== columns)) {
    const values = bias.toFloat32();
    const spread = Float32Array.from({ length: columns }, (_, c) => values[values.length === 1 ? 0 : c] * beta);
    setConstant(graph, node, 2, Tensor.of('float32', [columns], spread));
  }
  node.attributes.delete('alpha');
  node.attributes.delete('beta');
}

/** Lets a node read another constant. */
export function setConstant(graph: Graph, node: Node, index: number, tensor: Tensor): void {
  const like = node.inputs[index]?.name ?? `${node.name || node.op}_bias`;
  node.setInput(index, graph.addInitializer(graph.freshName(like), tensor));
}
