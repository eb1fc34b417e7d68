import type { GraphBuilder, Value } from '../../onnx/index.js';
import type { GradientContext, GradientRule } from '../rule.js';
import { reshapeTo } from '../shared/gradients.js';
import { convolutionWindows, extentOf } from '../shared/windows.js';
import { weightGradient } from './conv-weight.js';
import { backwardAttributes, type Span, spansOf, tailOf } from './windows.js';

/** Y = X * W + B: X gets a transposed convolution of the upstream gradient, W a correlation of it with the input, B its sums. */
export const convGradient: GradientRule = (context) => {
  const { build, node, needs, shape } = context;
  const [x, w] = [context.input(0), context.input(1)];
  const upstream = context.grad();
  const [dataShape, weightShape] = [shape(x), shape(w)];
  const spans = spansOf(convolutionWindows(node, weightShape.slice(2)), dataShape, shape(context.output()));
  const group = node.int('group', 1);
  return [
    needs(0) ? dataGradient(build, { upstream, weight: w, weightShape, spans, group }) : undefined,
    needs(1) ? weightGradient(build, { data: x, upstream, spans, group, dataShape, weightShape }) : undefined,
    needs(2) ? biasGradient(context) : undefined,
  ];
};

interface DataGradientOperands {
  readonly upstream: Value;
  readonly weight: Value;
  readonly weightShape: readonly number[];
  readonly spans: readonly Span[];
  readonly group: number;
}

/** Where windows step by 1, a convolution with the mirrored weight: measured 1.5 to 2.5 times faster than the transposed convolution that it equals. */
function dataGradient(build: GraphBuilder, operands: DataGradientOperands): Value {
  const { upstream, weight, spans, group } = operands;
  const fits = spans.every((span) => span.stride === 1 && extentOf(span) > span.head && extentOf(span) > tailOf(span));
  if (!fits) return build.op('ConvTranspose', [upstream, weight], { ...backwardAttributes(spans), group });
  return build.op('Conv', [upstream, mirrored(build, operands)], {
    kernel_shape: spans.map((span) => span.kernel),
    dilations: spans.map((span) => span.dilation),
    pads: [...spans.map((span) => extentOf(span) - 1 - span.head), ...spans.map((span) => extentOf(span) - 1 - tailOf(span))],
    group,
  });
}

/** The weight [M, C / group, …kernel] as [C, M / group, …kernel], its taps in reverse. */
function mirrored(build: GraphBuilder, { weight, weightShape, group }: DataGradientOperands): Value {
  const [outputs, inputs, ...kernel] = weightShape;
  const axes = kernel.flatMap((size, axis) => (size > 1 ? [axis + 2] : []));
  const all = (value: number) => build.ints(axes.map(() => value));
  const flipped = axes.length === 0 ? weight : build.op('Slice', [weight, all(-1), all(-(2 ** 31)), build.ints(axes), all(-1)]);
  if (group === 1) return build.op('Transpose', [flipped], { perm: [1, 0, ...kernel.map((_, axis) => axis + 2)] });
  const split = reshapeTo(build, flipped, [group, outputs / group, inputs, ...kernel]);
  const swapped = build.op('Transpose', [split], { perm: [0, 2, 1, ...kernel.map((_, axis) => axis + 3)] });
  return reshapeTo(build, swapped, [inputs * group, outputs / group, ...kernel]);
}

/** Sums of the upstream gradient over everything but the channels. */
export function biasGradient({ build, grad, shape }: GradientContext): Value {
  const upstream = grad();
  const axes = shape(upstream).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  return build.op('ReduceSum', [upstream, build.ints(axes)], { keepdims: 0 });
}
