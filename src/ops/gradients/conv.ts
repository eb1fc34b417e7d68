import { sizeOf } from '../../base/index.js';
import type { GraphBuilder, Value } from '../../onnx/index.js';
import type { GradientContext, GradientRule } from '../rule.js';
import { convolutionWindows } from '../shared/windows.js';
import { backwardAttributes, padToWindows, type Span, spansOf, tapsOf } from './windows.js';

/** Y = X * W + B: X gets a transposed convolution of the upstream gradient, W a correlation of it with the input, B its sums. */
export const convGradient: GradientRule = (context) => {
  const { build, node, needs, shape } = context;
  const [x, w] = [context.input(0), context.input(1)];
  const upstream = context.grad();
  const spans = spansOf(convolutionWindows(node, shape(w).slice(2)), shape(x), shape(context.output()));
  const group = node.int('group', 1);
  return [
    needs(0) ? build.op('ConvTranspose', [upstream, w], { ...backwardAttributes(spans), group }) : undefined,
    needs(1) ? weightGradient(build, { data: x, upstream, spans, group, dataShape: shape(x), weightShape: shape(w) }) : undefined,
    needs(2) ? biasGradient(context) : undefined,
  ];
};

/** Sums of the upstream gradient over everything but the channels. */
export function biasGradient({ build, grad, shape }: GradientContext): Value {
  const upstream = grad();
  const axes = shape(upstream).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  return build.op('ReduceSum', [upstream, build.ints(axes)], { keepdims: 0 });
}

export interface WeightGradientOperands {
  /** What the windows slide over: [N, C, …]. */
  readonly data: Value;
  /** One number per window position and output channel: [N, M, …outputs]. */
  readonly upstream: Value;
  readonly spans: readonly Span[];
  readonly group: number;
  readonly dataShape: readonly number[];
  /** [M, C / group, …kernel]. */
  readonly weightShape: readonly number[];
}

/**
 * Correlation of windows with the upstream gradient by im2col: the elements that each tap meets, side by side, times the gradient, as one
 * matrix product (one per image and group where there are groups).
 */
export function weightGradient(build: GraphBuilder, operands: WeightGradientOperands): Value {
  return operands.group === 1 ? denseWeightGradient(build, operands) : groupedWeightGradient(build, operands);
}

function denseWeightGradient(build: GraphBuilder, { data, upstream, spans, weightShape }: WeightGradientOperands): Value {
  const [outputs, inputs, ...kernel] = weightShape;
  const spatial = spans.map((_, axis) => axis + 2);
  // Channels first makes each tap's elements of one channel a row over all images and positions.
  const channelsFirst = build.op('Transpose', [data], { perm: [1, 0, ...spatial] });
  const taps = tapsOf(build, padToWindows(build, channelsFirst, spans), spans);
  const stacked = taps.length === 1 ? taps[0] : build.op('Concat', taps, { axis: 0 });
  const rows = build.op('Reshape', [stacked, build.ints([taps.length * inputs, -1])]);
  const channelsLast = build.op('Transpose', [upstream], { perm: [0, ...spatial, 1] });
  const columns = build.op('Reshape', [channelsLast, build.ints([-1, outputs])]);
  const product = build.op('Reshape', [build.op('MatMul', [rows, columns]), build.ints([taps.length, inputs, outputs])]);
  return build.op('Reshape', [build.op('Transpose', [product], { perm: [2, 1, 0] }), build.ints([outputs, inputs, ...kernel])]);
}

function groupedWeightGradient(
  build: GraphBuilder,
  { data, upstream, spans, group, dataShape, weightShape }: WeightGradientOperands,
): Value {
  const [outputs, inputsPerGroup, ...kernel] = weightShape;
  const outputsPerGroup = outputs / group;
  const [batch, channels] = dataShape;
  const positions = sizeOf(spans.map((span) => span.output));
  const taps = tapsOf(build, padToWindows(build, data, spans), spans).map((tap) =>
    build.op('Reshape', [tap, build.ints([batch, channels, 1, positions])]),
  );
  const stacked = taps.length === 1 ? taps[0] : build.op('Concat', taps, { axis: 2 });
  const rows = build.op('Reshape', [stacked, build.ints([batch, group, inputsPerGroup * taps.length, positions])]);
  const split = build.op('Reshape', [upstream, build.ints([batch, group, outputsPerGroup, positions])]);
  const columns = build.op('Transpose', [split], { perm: [0, 1, 3, 2] });
  const perGroup = build.op('ReduceSum', [build.op('MatMul', [rows, columns]), build.ints([0])], { keepdims: 0 });
  return build.op('Reshape', [build.op('Transpose', [perGroup], { perm: [0, 2, 1] }), build.ints([outputs, inputsPerGroup, ...kernel])]);
}
