import { type Graph, type Node, type Pass, Tensor, type Value } from '../../onnx/index.js';
import { inferenceNormalization, layerOf } from '../../ops/index.js';

/** The axis of output channels of a layer's weight, where a scale and shift of each channel can be folded into weight and bias. */
function foldedAxis(node: Node): number | undefined {
  const layer = layerOf(node);
  if (layer?.bias !== 2 || layer.weight !== 1 || layer.factors.some((factor) => factor !== 1)) return undefined;
  // The weight counts the outputs of one group, the bias all of them.
  return layer.kind === 'spread' && layer.groups !== 1 ? undefined : layer.outputs;
}

/**
 * Folds each inference BatchNormalization into the convolution or dense layer before it, in place and in subgraphs too: w·s and
 * (b - mean)·s + shift with s = scale / √(variance + ε). Only where nothing else reads the layer's output and all its weights are constant
 * float32; a weight that other nodes read too is copied first.
 * @returns the number of nodes removed.
 */
export function foldNormalization(graph: Graph): number {
  const folded = graph.nodes.filter((norm) => fold(graph, norm));
  graph.removeAll(folded);
  const inner = graph.nodes.flatMap((node) => node.subgraphs());
  return inner.reduce((sum, each) => sum + foldNormalization(each), folded.length);
}

export const foldedNormalization: Pass = {
  name: 'fold-normalization',
  summary: 'BatchNormalization goes into the Conv, ConvTranspose or Gemm before it.',
  kind: 'simplify',
  requires: [],
  ensures: [],
  run: ({ graph }) => foldNormalization(graph),
};

/** Whether one node reads the value, and nobody else does. */
export function isInner(graph: Graph, value: Value): boolean {
  return value.uses().length === 1 && !graph.outputs.includes(value);
}

function fold(graph: Graph, norm: Node): boolean {
  const given = inferenceNormalization(norm);
  const [between] = norm.inputs;
  const [result] = norm.outputs;
  const layer = between?.producer;
  const axis = layer && foldedAxis(layer);
  if (!given || !between || !result || !layer || axis === undefined || layer.graph !== graph) return false;
  if (!isInner(graph, between)) return false;
  const constants = [layer.inputs[1], ...given].map((value) => value?.constant);
  if (constants.some((tensor) => tensor?.dtype !== 'float32')) return false;
  const [weight, ...statistics] = constants as Tensor[];
  const channels = weight.shape[axis];
  const bias = biasOf(layer, channels);
  if (!bias || statistics.some(({ shape }) => shape.length !== 1 || shape[0] !== channels)) return false;
  const { factors, moved } = affine(norm, statistics, bias);
  layer.setInput(1, initializer(graph, layer.inputs[1] as Value, scaleAxis(weight, axis, factors)));
  layer.setInput(2, initializer(graph, layer.inputs[2] ?? (given[1] as Value), Tensor.of('float32', [channels], moved)));
  graph.replace(result, between);
  return true;
}

/** The layer's bias for each channel, 0 where it has none; undefined where it is no constant, or (Gemm's C) not one number for each channel. */
function biasOf(layer: Node, channels: number): Float64Array | undefined {
  const [, , bias] = layer.inputs;
  if (!bias) return new Float64Array(channels);
  const tensor = bias.constant;
  if (tensor?.dtype !== 'float32') return undefined;
  const isScalar = tensor.size === 1;
  if (!isScalar && !(tensor.size === channels && tensor.shape.at(-1) === channels)) return undefined;
  const numbers = tensor.numbers();
  return isScalar ? new Float64Array(channels).fill(numbers[0]) : numbers;
}

function affine(norm: Node, statistics: readonly Tensor[], bias: Float64Array): { factors: Float64Array; moved: Float32Array } {
  const [scale, shift, mean, variance] = statistics.map((tensor) => tensor.numbers());
  const epsilon = norm.float('epsilon', 1e-5);
  const factors = scale.map((s, c) => s / Math.sqrt(variance[c] + epsilon));
  return { factors, moved: Float32Array.from(factors, (factor, c) => (bias[c] - mean[c]) * factor + shift[c]) };
}

function initializer(graph: Graph, like: Value, tensor: Tensor): Value {
  return graph.addInitializer(graph.freshName(`${like.name}_folded`), tensor);
}

/** The tensor with index c of `axis` multiplied by factors[c]. */
function scaleAxis(tensor: Tensor, axis: number, factors: Float64Array): Tensor {
  const inner = tensor.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const channels = tensor.shape[axis];
  const scaled = Float32Array.from(tensor.data() as Float32Array, (value, i) => value * factors[Math.floor(i / inner) % channels]);
  return Tensor.of('float32', tensor.shape, scaled);
}
