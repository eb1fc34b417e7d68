import { fraction, onOrOff, type UpdateRule, withDecay } from './rule.js';

/** Stochastic gradient descent with momentum, Nesterov's by default. Weight decay is added to the gradient. */
export interface SgdSpec {
  kind: 'sgd';
  momentum: number;
  nesterov: boolean;
}

/** The arithmetic is PyTorch's, operation by operation. */
export const sgd: UpdateRule<SgdSpec> = {
  learningRate: 0.05,
  schedule: { kind: 'one-cycle' },
  constants: { momentum: fraction(0.9), nesterov: onOrOff(true) },
  update: ({ momentum, nesterov }, context) => {
    const { build, parameter, scalar } = context;
    const gradient = withDecay(context, context.gradient);
    if (momentum === 0) return build.op('Sub', [parameter, build.op('Mul', [scalar('rate'), gradient])]);
    const velocity = context.slot('velocity');
    const next = build.op('Add', [build.op('Mul', [velocity.value, build.scalar(momentum)]), gradient]);
    velocity.next(next);
    const direction = nesterov ? build.op('Add', [gradient, build.op('Mul', [next, build.scalar(momentum)])]) : next;
    return build.op('Sub', [parameter, build.op('Mul', [scalar('rate'), direction])]);
  },
};
