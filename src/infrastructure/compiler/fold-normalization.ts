import { type Graph, type Node, Tensor, type Value } from '../../onnx/index.js';

/** A layer whose weight a following per-channel scale and shift can be folded into, and the weight's axis of output channels. */
const channelAxis: Readonly<Record<string, (node: Node) => number | undefined>> = {
  Conv: () => 0,
  ConvTranspose: (node) => (node.int('group', 1) === 1 ? 1 : undefined),
  Gemm: (node) => (node.float('alpha', 1) === 1 && node.float('beta', 1) === 1 ? 1 - node.int('transB', 0) : undefined),
};

/**
 * Folds each inference BatchNormalization into the convolution or dense layer before it, in place: w·s and (b - mean)·s + shift with
 * s = scale / √(variance + ε). Only where nothing else reads the layer's output and all its weights are constant float32.
 * @returns the number of nodes removed.
 */
export function foldNormalization(graph: Graph): number {
  const folded: Node[] = [];
  for (const norm of graph.nodes) {
    if (norm.op !== 'BatchNormalization' || norm.domain !== '' || norm.int('training_mode', 0) !== 0) continue;
    const layer = norm.inputs[0]?.producer;
    const axis = layer && layer.domain === '' ? channelAxis[layer.op]?.(layer) : undefined;
    if (!layer || axis === undefined || !fold(graph, layer, norm, axis)) continue;
    folded.push(norm);
  }
  graph.remove(...folded);
  return folded.length;
}

function fold(graph: Graph, layer: Node, norm: Node, axis: number): boolean {
  const [between] = layer.outputs;
  const [result] = norm.outputs;
  if (
    !between ||
    !result ||
    between.readers.size !== 1 ||
    graph.outputs.includes(between) ||
    norm.outputs.slice(1).some((output) => output)
  )
    return false;
  const constants = [layer.inputs[1], ...norm.inputs.slice(1, 5)].map((value) => value?.constant);
  if (constants.some((tensor) => tensor?.dtype !== 'float32')) return false;
  const bias = layer.inputs[2];
  if (bias && bias.constant?.dtype !== 'float32') return false;
  const [weight, scale, shift, mean, variance] = constants as Tensor[];
  const epsilon = norm.float('epsilon', 1e-5);
  const factors = Float64Array.from(scale.numbers(), (s, c) => s / Math.sqrt(variance.numbers()[c] + epsilon));
  const old = bias?.constant?.numbers();
  const means = mean.numbers();
  const shifts = shift.numbers();
  const offset = (c: number) => (old ? old[old.length === 1 ? 0 : c] : 0);
  const moved = Float32Array.from(factors, (factor, c) => (offset(c) - means[c]) * factor + shifts[c]);
  layer.setInput(1, initializer(graph, layer.inputs[1] as Value, scaleAxis(weight, axis, factors)));
  layer.setInput(2, initializer(graph, bias ?? (norm.inputs[2] as Value), Tensor.of('float32', [moved.length], moved)));
  graph.replace(result, between);
  return true;
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
