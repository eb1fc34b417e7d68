import type { Value } from '../../onnx/index.js';
import { fraction, mix, positive, shrunk, type UpdateContext, type UpdateRule, withDecay } from './rule.js';

/** Shares of the running means of gradients and of their squares, and what keeps the divisor from zero. */
export interface MomentConstants {
  beta1: number;
  beta2: number;
  epsilon: number;
}

export const momentConstants = { beta1: fraction(0.9), beta2: fraction(0.999), epsilon: positive(1e-8) };

/** Adam (Kingma and Ba 2015). Weight decay is added to the gradient. */
export interface AdamSpec extends MomentConstants {
  kind: 'adam';
}

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019). */
export interface AdamWSpec extends MomentConstants {
  kind: 'adamw';
}

/** The running mean of a gradient. */
export function firstMoment({ build, slot }: UpdateContext, gradient: Value, beta1: number): Value {
  const first = slot('first');
  const mean = mix(build, first.value, gradient, beta1);
  first.next(mean);
  return mean;
}

/** The corrected root of a gradient's running square, and epsilon: what Adam and its kin divide by. */
export function rootOfSecondMoment(
  { build, slot, scalar }: UpdateContext,
  gradient: Value,
  { beta2, epsilon }: { beta2: number; epsilon: number },
): Value {
  const second = slot('second');
  const square = mix(build, second.value, build.op('Mul', [gradient, gradient]), beta2);
  second.next(square);
  const root = build.op('Mul', [build.op('Sqrt', [square]), scalar('inverseRootCorrection')]);
  return build.op('Add', [root, build.scalar(epsilon)]);
}

/** The arithmetic is PyTorch's, operation by operation. */
export const adam: UpdateRule<AdamSpec | AdamWSpec> = {
  learningRate: 0.003,
  schedule: { kind: 'one-cycle' },
  constants: momentConstants,
  scalars: ({ beta1, beta2 }, rate, count) => ({
    stepSize: rate / (1 - beta1 ** count),
    inverseRootCorrection: 1 / Math.sqrt(1 - beta2 ** count),
  }),
  update: ({ kind, beta1, beta2, epsilon }, context) => {
    const { build, scalar } = context;
    const gradient = kind === 'adam' ? withDecay(context, context.gradient) : context.gradient;
    const mean = firstMoment(context, gradient, beta1);
    const direction = build.op('Div', [mean, rootOfSecondMoment(context, gradient, { beta2, epsilon })]);
    const kept = kind === 'adamw' ? shrunk(context) : context.parameter;
    return build.op('Sub', [kept, build.op('Mul', [direction, scalar('stepSize')])]);
  },
};
