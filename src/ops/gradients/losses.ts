import { sizeOf } from '../../base/index.js';
import { codeOf, Tensor, type Value } from '../../onnx/index.js';
import type { GradientContext, GradientRule } from '../rule.js';
import { type Formula, formula } from '../shared/formula.js';
import { castTo } from '../shared/gradients.js';

/** Softmax minus the one-hot label, times each sample's scale. A gradient of the second output, the log-probabilities, is added. */
export const crossEntropyGradient: GradientRule = (context) => {
  const f = formula(context);
  const probabilities = f.of('Exp', context.output(1));
  const parts: Value[] = [];
  if (context.hasGrad(0)) {
    const { target, scale } = samplesOf(context, f);
    parts.push(f.mul(f.sub(probabilities, target), scale));
  }
  if (context.hasGrad(1)) {
    const dy = context.grad(1);
    parts.push(f.sub(dy, f.mul(probabilities, f.sum(dy, [1]))));
  }
  return [f.add(...parts)];
};

/** Minus the one-hot label, times each sample's scale. */
export const likelihoodGradient: GradientRule = (context) => {
  const f = formula(context);
  const { target, scale } = samplesOf(context, f);
  return [f.mul(target, f.of('Neg', scale))];
};

interface Samples {
  /** One-hot labels, of the shape of the scores: [N, C, d1, …]. */
  readonly target: Value;
  /** What a sample's own loss counts: the loss's gradient, times its weight, over the sum of weights for a mean. [N, 1, d1, …] or a scalar. */
  readonly scale: Value;
}

function samplesOf(context: GradientContext, f: Formula): Samples {
  const { node, build } = context;
  const [batch, classes, ...rest] = context.shape(context.input(0));
  const labels = build.op('Cast', [context.input(1)], { to: codeOf('int64') });
  const ignore = node.int('ignore_index', undefined);
  const ignored = ignore === undefined ? undefined : build.op('Equal', [labels, build.scalar(ignore, 'int64')]);
  const safe = ignored ? build.op('Where', [ignored, build.scalar(0, 'int64'), labels]) : labels;
  const pair = build.constant(Tensor.from('float32', [2], [0, 1]));
  const target = build.op('OneHot', [safe, build.scalar(classes, 'int64'), pair], { axis: 1 });
  const weights = weightsOf(context, f, safe, ignored);
  const mean = node.string('reduction', 'mean') === 'mean';
  const total = weights ? build.op('ReduceSum', [weights], { keepdims: 0 }) : sizeOf([batch, ...rest]);
  const upstream = mean ? f.div(context.grad(0), total) : context.grad(0);
  const scale = weights ? f.mul(weights, upstream) : upstream;
  return {
    target: castTo(build, target, context.input(0)),
    scale: context.shape(scale).length === 0 ? scale : f.reshape(scale, [batch, 1, ...rest]),
  };
}

/** The weight of each sample, [N, d1, …]: its class's, and 0 where it is ignored. Undefined where all count 1. */
function weightsOf(context: GradientContext, f: Formula, labels: Value, ignored: Value | undefined): Value | undefined {
  const { build } = context;
  const factors: Value[] = [];
  if (context.has(2)) factors.push(build.op('Gather', [context.input(2), labels]));
  if (ignored) factors.push(f.indicator(build.op('Not', [ignored])));
  return factors.length === 0 ? undefined : f.mul(...factors);
}
