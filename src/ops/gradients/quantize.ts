import { codeOf, type DataType, integerLimits, type Value } from '../../onnx/index.js';
import { type GradientContext, type GradientRule, ZERO } from '../rule.js';
import { normalizeAxis } from '../shared/axes.js';

/** What a quantized type of floats can hold. */
const floatRanges: Partial<Record<DataType, readonly [low: number, high: number]>> = {
  float8e4m3fn: [-448, 448],
  float8e4m3fnuz: [-240, 240],
  float8e5m2: [-57344, 57344],
  float8e5m2fnuz: [-57344, 57344],
  float4e2m1: [-6, 6],
};

/**
 * y = saturate(round(x / scale) + zero point). Rounding passes gradients straight through (Bengio et al. 2013, arXiv 1308.3432); where y
 * saturates there is none. The scale's is -x / scale² there, which with the gradient of DequantizeLinear makes that of a learned step size
 * (Esser et al. 2020, arXiv 1902.08153). The gradient of y is a real number although y is an integer.
 */
export const quantizeGradient: GradientRule = (context) => {
  const { build, input, grad, needs } = context;
  const x = input(0);
  const upstream = grad();
  const scale = perElement(context, input(1));
  const passed = build.op('Mul', [build.op('Div', [upstream, scale]), insideRange(context, scale)]);
  const scaleGradient = () => towardsScale(context, build.op('Neg', [build.op('Div', [build.op('Mul', [passed, x]), scale])]));
  return [needs(0) ? passed : undefined, needs(1) ? scaleGradient() : undefined, ZERO];
};

/** y = (x - zero point) * scale. */
export const dequantizeGradient: GradientRule = (context) => {
  const { build, has, input, grad, needs } = context;
  const upstream = grad();
  const scaleGradient = () => {
    const to = codeOf(upstream.dtype ?? 'float32');
    const real = build.op('Cast', [input(0)], { to });
    const shifted = has(2) ? build.op('Sub', [real, perElement(context, build.op('Cast', [input(2)], { to }))]) : real;
    return towardsScale(context, build.op('Mul', [upstream, shifted]));
  };
  return [needs(0) ? build.op('Mul', [upstream, perElement(context, input(1))]) : undefined, needs(1) ? scaleGradient() : undefined, ZERO];
};

/** 1 where x rounds into the range of the quantized type, else 0. */
function insideRange(context: GradientContext, scale: Value): Value {
  const { build, has, input, output } = context;
  const x = input(0);
  const quantized = output().dtype;
  const range = quantized && (integerLimits(quantized) ?? floatRanges[quantized]);
  if (!range) return context.refuse(`the range of ${quantized} is not known`);
  const to = codeOf(x.dtype ?? 'float32');
  // Half a step beyond the ends still rounds to them.
  const margin = quantized.includes('int') ? 0.5 : 0;
  const zero = has(2) ? perElement(context, build.op('Cast', [input(2)], { to })) : undefined;
  const bound = (end: number) => {
    const offset = build.scalar(end, x.dtype);
    return build.op('Mul', [zero ? build.op('Sub', [offset, zero]) : offset, scale]);
  };
  const clipped = build.op('Min', [build.op('Max', [x, bound(range[0] - margin)]), bound(range[1] + margin)]);
  return build.op('Cast', [build.op('Equal', [x, clipped])], { to });
}

/** The axis that scales vary along, and the number of elements in a row that share one. */
function layoutOf({ node, input, shape }: GradientContext) {
  const data = shape(input(0));
  const scale = shape(input(1));
  const axis = data.length === 0 ? 0 : normalizeAxis(node, node.int('axis', 1) % Math.max(1, data.length), data.length);
  const block = node.int('block_size', 0);
  const kind: 'tensor' | 'axis' | 'block' = block > 0 ? 'block' : scale.length === 1 && scale[0] > 1 ? 'axis' : 'tensor';
  return { data, scale, axis, block, kind };
}

/** A scale or zero point, reshaped to broadcast against the data. */
function perElement(context: GradientContext, value: Value): Value {
  const { build } = context;
  const { data, scale, axis, block, kind } = layoutOf(context);
  if (kind === 'tensor') return value;
  if (kind === 'axis') return build.op('Reshape', [value, build.ints(data.map((size, each) => (each === axis ? size : 1)))]);
  const split = build.op('Reshape', [value, build.ints([...scale.slice(0, axis + 1), 1, ...scale.slice(axis + 1)])]);
  const repeated = build.op('Expand', [split, build.ints([...scale.slice(0, axis + 1), block, ...scale.slice(axis + 1)])]);
  const whole = scale.map((size, each) => (each === axis ? size * block : size));
  const joined = build.op('Reshape', [repeated, build.ints(whole)]);
  if (whole[axis] === data[axis]) return joined;
  return build.op('Slice', [joined, build.ints([0]), build.ints([data[axis]]), build.ints([axis])]);
}

/** Sums a gradient of the data's shape to the scale's. */
function towardsScale(context: GradientContext, gradient: Value): Value {
  const { build } = context;
  const { data, scale, axis, block, kind } = layoutOf(context);
  if (kind === 'block') {
    const missing = scale[axis] * block - data[axis];
    const ends = data.map((_, each) => (each === axis ? missing : 0));
    const filled = missing === 0 ? gradient : build.op('Pad', [gradient, build.ints([...data.map(() => 0), ...ends])]);
    const split = build.op('Reshape', [filled, build.ints([...scale.slice(0, axis + 1), block, ...scale.slice(axis + 1)])]);
    return build.op('ReduceSum', [split, build.ints([axis + 1])], { keepdims: 0 });
  }
  const axes = data.flatMap((_, each) => (kind === 'axis' && each === axis ? [] : [each]));
  const summed = axes.length === 0 ? gradient : build.op('ReduceSum', [gradient, build.ints(axes)], { keepdims: 0 });
  return build.op('Reshape', [summed, build.ints(scale)]);
}
