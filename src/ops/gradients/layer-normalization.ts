import type { GradientContext, GradientRule } from '../rule.js';
import { normalizeAxis } from '../shared/axes.js';
import { backThroughStatistics, type Standardized, scaleToUnit } from './standardize.js';

/** Axes from attribute `axis` on. */
function trailingAxes({ node, input, shape }: GradientContext): number[] {
  const rank = shape(input(0)).length;
  const first = normalizeAxis(node, node.int('axis', -1), rank);
  return Array.from({ length: rank - first }, (_, axis) => first + axis);
}

/** Y = normal * scale + bias. Mean and inverse deviation are outputs of the operator. */
export const layerNormalizationGradient: GradientRule = (context) => {
  const { build, input, output, grad, needs } = context;
  if (context.hasGrad(1) || context.hasGrad(2)) context.refuse('the gradient of its mean or deviation is not written');
  const upstream = grad();
  const inverse = output(2);
  const normal = build.op('Mul', [build.op('Sub', [input(0), output(1)]), inverse]);
  const statistics: Standardized = { normal, inverse, axes: trailingAxes(context) };
  return [
    needs(0) ? backThroughStatistics(build, build.op('Mul', [upstream, input(1)]), statistics) : undefined,
    needs(1) ? build.op('Mul', [upstream, normal]) : undefined,
    upstream,
  ];
};

/** Y = x / sqrt(mean(x²) + epsilon) * scale. */
export const rmsNormalizationGradient: GradientRule = (context) => {
  const { build, node, input, grad, needs } = context;
  const upstream = grad();
  const statistics = scaleToUnit(build, input(0), trailingAxes(context), node.float('epsilon', 1e-5));
  return [
    needs(0) ? backThroughStatistics(build, build.op('Mul', [upstream, input(1)]), statistics, false) : undefined,
    needs(1) ? build.op('Mul', [upstream, statistics.normal]) : undefined,
  ];
};
