import type { Value } from '../../onnx/index.js';
import type { GradientContext, GradientRule } from '../rule.js';
import { backThroughStatistics, standardize } from './standardize.js';

/** Every channel is a group of its own. */
export const instanceNormalizationGradient: GradientRule = (context) => {
  const [, channels] = context.shape(context.input(0));
  return groupGradient(context, channels);
};

export const groupNormalizationGradient: GradientRule = (context) => groupGradient(context, context.node.int('num_groups', 1));

/** Y = normal * scale + bias, normalised over the channels and positions of each group; scale and bias have one element per channel. */
function groupGradient(context: GradientContext, groups: number): (Value | undefined)[] {
  const { build, node, input, grad, needs, shape } = context;
  const full = shape(input(0));
  const [batch, channels, ...spatial] = full;
  const grouped = build.ints([batch, groups, -1]);
  const perChannel = build.ints([channels, ...spatial.map(() => 1)]);
  const others = build.ints([0, ...spatial.map((_, axis) => axis + 2)]);
  const statistics = standardize(build, build.op('Reshape', [input(0), grouped]), [2], node.float('epsilon', 1e-5));
  const upstream = grad();
  const scaled = () => build.op('Mul', [upstream, build.op('Reshape', [input(1), perChannel])]);
  const normal = () => build.op('Reshape', [statistics.normal, build.ints(full)]);
  const sum = (value: Value) => build.op('ReduceSum', [value, others], { keepdims: 0 });
  return [
    needs(0)
      ? build.op('Reshape', [backThroughStatistics(build, build.op('Reshape', [scaled(), grouped]), statistics), build.ints(full)])
      : undefined,
    needs(1) ? sum(build.op('Mul', [upstream, normal()])) : undefined,
    needs(2) ? sum(upstream) : undefined,
  ];
}
