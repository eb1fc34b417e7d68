import { fraction, mix, shrunk, type UpdateRule } from './rule.js';

/**
 * Lion (Chen et al. 2023). Every parameter moves by the learning rate, up or down, so that the rate is to be 3 to 10 times
 * smaller than AdamW's, and weight decay, which is decoupled, as much larger. It keeps one vector besides the weights, Adam two.
 */
export interface LionSpec {
  kind: 'lion';
  beta1: number;
  beta2: number;
}

/** The sign of a mix of momentum and gradient; the momentum that is kept is another mix. */
export const lion: UpdateRule<LionSpec> = {
  learningRate: 0.001,
  schedule: { kind: 'one-cycle' },
  constants: { beta1: fraction(0.9), beta2: fraction(0.99) },
  update: ({ beta1, beta2 }, context) => {
    const { build, gradient, scalar } = context;
    const momentum = context.slot('momentum');
    const direction = build.op('Sign', [mix(build, momentum.value, gradient, beta1)]);
    momentum.next(mix(build, momentum.value, gradient, beta2));
    return build.op('Sub', [shrunk(context), build.op('Mul', [scalar('rate'), direction])]);
  },
};
