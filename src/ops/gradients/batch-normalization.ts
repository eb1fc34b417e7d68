import { type GraphBuilder, type Node, Value } from '../../onnx/index.js';
import { type GradientContext, type GradientRule, ZERO } from '../rule.js';

/** Y = (x - mean) / sqrt(variance + epsilon) * scale + bias per channel, with statistics that are given or the batch's own. */
export const batchNormalizationGradient: GradientRule = (context) => {
  if (context.hasGrad(1) || context.hasGrad(2)) context.refuse('its running statistics are not trained');
  return context.node.int('training_mode', 0) === 1 ? trainingGradient(context) : inferenceGradient(context);
};

/**
 * Through the batch's statistics. With g the upstream gradient, m elements per channel, i the inverse deviation and dScale = sum(g * normal):
 * dx = scale * i * (g - sum(g) / m - normal * dScale / m), which per channel is A * g + B * x + C.
 */
function trainingGradient(context: GradientContext): ReturnType<GradientRule> {
  const { build, input, grad, needs, shape } = context;
  const [x, scale, g] = [input(0), input(1), grad()];
  const channel = perChannel(context);
  const { mean, variance } = batchStatistics(context);
  const inverse = inverseDeviation(context, variance);
  const sumG = channel.sum(g);
  const dScale = build.op('Mul', [build.op('Sub', [channel.sum(build.op('Mul', [g, x])), build.op('Mul', [mean, sumG])]), inverse]);
  return [needs(0) ? dataGradient() : undefined, dScale, sumG, ZERO, ZERO];

  function dataGradient(): Value {
    const m = build.scalar(channel.elements(shape(x)), x.dtype);
    const a = build.op('Mul', [scale, inverse]);
    const slope = build.op('Div', [build.op('Mul', [dScale, inverse]), m]);
    const b = build.op('Neg', [build.op('Mul', [a, slope])]);
    const c = build.op('Mul', [a, build.op('Sub', [build.op('Mul', [mean, slope]), build.op('Div', [sumG, m])])]);
    return build.op('Add', [channel.affine(g, a, c), build.op('Mul', [x, channel.spread(b)])]);
  }
}

/** Fixed statistics: an affine function per channel. */
function inferenceGradient(context: GradientContext): ReturnType<GradientRule> {
  const { build, input, grad, needs } = context;
  const [x, scale, , mean, variance] = [0, 1, 2, 3, 4].map((index) => input(index));
  const g = grad();
  const channel = perChannel(context);
  const inverse = inverseDeviation(context, variance);
  const slope = build.op('Mul', [scale, inverse]);
  const sumG = [1, 2, 3, 4].some(needs) ? channel.sum(g) : undefined;
  const dScale = [1, 4].some(needs) ? scaleGradient(sumG as Value) : undefined;
  return [
    needs(0) ? build.op('Mul', [g, channel.spread(slope)]) : undefined,
    dScale,
    sumG,
    needs(3) ? build.op('Neg', [build.op('Mul', [slope, sumG])]) : undefined,
    needs(4) ? varianceGradient(dScale as Value) : undefined,
  ];

  function scaleGradient(sum: Value): Value {
    const products = channel.sum(build.op('Mul', [g, x]));
    return build.op('Mul', [build.op('Sub', [products, build.op('Mul', [mean, sum])]), inverse]);
  }

  /** -scale * dScale / (2 (variance + epsilon)). */
  function varianceGradient(normalized: Value): Value {
    const half = build.op('Mul', [build.op('Mul', [slope, inverse]), build.scalar(-0.5, x.dtype)]);
    return build.op('Mul', [half, normalized]);
  }
}

function inverseDeviation({ build, node }: GradientContext, variance: Value): Value {
  const shifted = build.op('Add', [variance, build.scalar(node.float('epsilon', 1e-5), variance.dtype)]);
  return build.op('Reciprocal', [build.op('Sqrt', [shifted])]);
}

/** Sums of data to one number per channel, and back. */
function perChannel({ build, input, shape }: GradientContext) {
  const rank = shape(input(0)).length;
  const others = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== 1);
  const ones = new Array<number>(rank - 2).fill(1);
  const spread = (vector: Value) => build.op('Reshape', [vector, build.ints([-1, ...ones])]);
  return {
    sum: (value: Value) => build.op('ReduceSum', [value, build.ints(others)], { keepdims: 0 }),
    spread,
    elements: (size: readonly number[]) => others.reduce((product, axis) => product * size[axis], 1),
    /** value * slope + offset, in one pass over images by a depthwise convolution with a kernel of one element. */
    affine(value: Value, slope: Value, offset: Value): Value {
      if (rank !== 3 && rank !== 4) return build.op('Add', [build.op('Mul', [value, spread(slope)]), spread(offset)]);
      const [, channels] = shape(value);
      const kernel = build.op('Reshape', [slope, build.ints([channels, 1, ...ones])]);
      return build.op('Conv', [value, kernel, offset], { group: channels, kernel_shape: ones });
    },
  };
}

/**
 * The batch's own mean and variance. The operator gives running ones: with momentum 0 they are the batch's, so the forward node is set to
 * that, and its running statistics are computed from them by two operations on vectors, under their old names.
 */
function batchStatistics({ build, node, input, output }: GradientContext): { mean: Value; variance: Value } {
  const momentum = node.float('momentum', 0.9);
  const running = [output(1), output(2)];
  if (momentum === 0) return { mean: running[0], variance: running[1] };
  const before = [input(3), input(4)];
  node.attributes.set('momentum', { type: 'float', value: 0 });
  giveScratchInputs(build, node, before);
  const batch = running.map((value, index) => {
    const own = new Value(build.graph.freshName(`${value.name}_batch`));
    node.setOutput(index + 1, own);
    return own;
  });
  build.type(node);
  running.forEach((value, index) => {
    blend(build, value, before[index], batch[index], momentum);
  });
  return { mean: batch[0], variance: batch[1] };
}

/**
 * ONNX Runtime writes the outputs 1 and 2 of a training BatchNormalization into the memory of its inputs 3 and 4, even where others still
 * read those. With momentum 0 their contents do not matter, so the node gets vectors that nobody else reads.
 */
function giveScratchInputs(build: GraphBuilder, node: Node, [mean, variance]: readonly Value[]): void {
  node.setInput(3, build.op('Sub', [mean, variance]));
  node.setInput(4, build.op('Sub', [variance, mean]));
}

/** Makes `target` = before * momentum + now * (1 - momentum). */
function blend(build: GraphBuilder, target: Value, before: Value, now: Value, momentum: number): void {
  const kept = build.op('Mul', [before, build.scalar(momentum, before.dtype)]);
  const added = build.op('Mul', [now, build.scalar(1 - momentum, now.dtype)]);
  const sum = build.op('Add', [kept, added]);
  (sum.producer as Node).setOutput(0, target);
}
