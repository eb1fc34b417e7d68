import type { Value } from '../../onnx/index.js';
import { type ConstantChecks, mix, shrunk, type UpdateContext, type UpdateRule, withDecay } from './rule.js';

/** beta1 0.9, beta2 0.999, epsilon 1e-8 by default. */
export interface MomentConstants {
  beta1?: number;
  beta2?: number;
  epsilon?: number;
}

/** Adam (Kingma and Ba 2015). Weight decay is added to the gradient. */
export interface AdamSpec extends MomentConstants {
  kind: 'adam';
}

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019). */
export interface AdamWSpec extends MomentConstants {
  kind: 'adamw';
}

export function checkMoments({ beta1, beta2, epsilon }: MomentConstants, checks: ConstantChecks): void {
  checks.fraction('beta1', beta1);
  checks.fraction('beta2', beta2);
  checks.positive('epsilon', epsilon);
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
  learningRate: 0.001,
  schedule: { kind: 'one-cycle' },
  check: checkMoments,
  scalars: ({ beta1 = 0.9, beta2 = 0.999 }, rate, count) => ({
    stepSize: rate / (1 - beta1 ** count),
    inverseRootCorrection: 1 / Math.sqrt(1 - beta2 ** count),
  }),
  update: ({ kind, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }, context) => {
    const { build, scalar } = context;
    const gradient = kind === 'adam' ? withDecay(context, context.gradient) : context.gradient;
    const mean = firstMoment(context, gradient, beta1);
    const direction = build.op('Div', [mean, rootOfSecondMoment(context, gradient, { beta2, epsilon })]);
    const kept = kind === 'adamw' ? shrunk(context) : context.parameter;
    return build.op('Sub', [kept, build.op('Mul', [direction, scalar('stepSize')])]);
  },
};
