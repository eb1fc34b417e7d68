import type { Value } from '../../onnx/index.js';
import { type GradientContext, type GradientRule, ZERO } from '../rule.js';
import { batchStatistics, channelsOf, inverseDeviation } from '../shared/channels.js';

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
  shape(x);
  const channels = channelsOf(build, x);
  const { mean, variance } = batchStatistics(build, x);
  const inverse = inverseDeviation(build, variance, epsilonOf(context));
  const sumG = channels.sum(g);
  const dScale = build.op('Mul', [build.op('Sub', [channels.sum(build.op('Mul', [g, x])), build.op('Mul', [mean, sumG])]), inverse]);
  return [needs(0) ? dataGradient() : undefined, dScale, sumG, ZERO, ZERO];

  function dataGradient(): Value {
    const share = build.scalar(1 / channels.elements, x.dtype);
    const a = build.op('Mul', [scale, inverse]);
    const slope = build.op('Mul', [build.op('Mul', [dScale, inverse]), share]);
    const b = build.op('Neg', [build.op('Mul', [a, slope])]);
    const c = build.op('Mul', [a, build.op('Sub', [build.op('Mul', [mean, slope]), build.op('Mul', [sumG, share])])]);
    return build.op('Add', [channels.affine(g, a, c), channels.scale(x, b)]);
  }
}

/** Fixed statistics: an affine function per channel. */
function inferenceGradient(context: GradientContext): ReturnType<GradientRule> {
  const { build, input, grad, needs, shape } = context;
  const [x, scale, , mean, variance] = [0, 1, 2, 3, 4].map((index) => input(index));
  const g = grad();
  shape(x);
  const channels = channelsOf(build, x);
  const inverse = inverseDeviation(build, variance, epsilonOf(context));
  const slope = build.op('Mul', [scale, inverse]);
  const sumG = [1, 2, 3, 4].some(needs) ? channels.sum(g) : undefined;
  const dScale = [1, 4].some(needs) ? scaleGradient(sumG as Value) : undefined;
  return [
    needs(0) ? channels.scale(g, slope) : undefined,
    dScale,
    sumG,
    needs(3) ? build.op('Neg', [build.op('Mul', [slope, sumG])]) : undefined,
    needs(4) ? varianceGradient(dScale as Value) : undefined,
  ];

  function scaleGradient(sum: Value): Value {
    const products = channels.sum(build.op('Mul', [g, x]));
    return build.op('Mul', [build.op('Sub', [products, build.op('Mul', [mean, sum])]), inverse]);
  }

  /** -scale * dScale / (2 (variance + epsilon)). */
  function varianceGradient(normalized: Value): Value {
    const half = build.op('Mul', [build.op('Mul', [slope, inverse]), build.scalar(-0.5, x.dtype)]);
    return build.op('Mul', [half, normalized]);
  }
}

function epsilonOf({ node }: GradientContext): number {
  return node.float('epsilon', 1e-5);
}
