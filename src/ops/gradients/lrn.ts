import { type GraphBuilder, Tensor, type Value } from '../../onnx/index.js';
import type { GradientRule } from '../rule.js';

/** y = x * D^-beta with D = bias + alpha / size * (sum of x² over a window of channels). */
export const lrnGradient: GradientRule = ({ build, node, input, grad, shape }) => {
  const x = input(0);
  const size = node.int('size', 1);
  const [alpha, beta] = [node.float('alpha', 1e-4), node.float('beta', 0.75)];
  const number = (value: number) => build.scalar(value, x.dtype);
  const before = Math.floor((size - 1) / 2);
  const after = size - 1 - before;
  const full = shape(x);
  const squares = sumOverChannels(build, build.op('Mul', [x, x]), full, before, after);
  const base = build.op('Add', [build.op('Mul', [squares, number(alpha / size)]), number(node.float('bias', 1))]);
  const direct = build.op('Mul', [grad(), build.op('Pow', [base, number(-beta)])]);
  // Channel c is in the windows of the channels that have it in theirs: the window mirrored.
  const shared = sumOverChannels(build, build.op('Div', [build.op('Mul', [direct, x]), base]), full, after, before);
  return [build.op('Sub', [direct, build.op('Mul', [build.op('Mul', [x, shared]), number((2 * alpha * beta) / size)])])];
};

/** Sums over channels c - before … c + after: a product with a banded matrix. */
function sumOverChannels(build: GraphBuilder, value: Value, shape: readonly number[], before: number, after: number): Value {
  const [batch, channels] = shape;
  const band = new Array<number>(channels * channels).fill(0);
  for (let to = 0; to < channels; to++) {
    for (let from = Math.max(0, to - before); from <= Math.min(channels - 1, to + after); from++) band[to * channels + from] = 1;
  }
  const matrix = build.constant(Tensor.from(value.dtype ?? 'float32', [channels, channels], band));
  const planes = build.op('Reshape', [value, build.ints([batch, channels, -1])]);
  return build.op('Reshape', [build.op('MatMul', [matrix, planes]), build.ints(shape)]);
}
