import type { GraphBuilder, Value } from '../../onnx/index.js';
import { split } from '../flat.js';
import { firstMoment, type MomentConstants, momentConstants, rootOfSecondMoment } from './adam.js';
import { positive, type UpdateContext, type UpdateRule, withDecay } from './rule.js';

/**
 * LAMB (You et al. 2020), for large batches: the direction is AdamW's, scaled for each matrix and kernel to the norm of its weights. Biases and
 * normalizations, which begin as zeros and ones, move as with AdamW, as in the authors' code.
 */
export interface LambSpec extends MomentConstants {
  kind: 'lamb';
}

/** Unlike the other rules it needs some nodes for each tensor, since norms are per tensor. */
export const lamb: UpdateRule<LambSpec> = {
  learningRate: 0.01,
  schedule: { kind: 'one-cycle' },
  constants: { ...momentConstants, epsilon: positive(1e-6) },
  scalars: ({ beta1, beta2 }, _, count) => ({
    inverseCorrection: 1 / (1 - beta1 ** count),
    inverseRootCorrection: 1 / Math.sqrt(1 - beta2 ** count),
  }),
  update: ({ beta1, beta2, epsilon }, context) => {
    const { build, gradient, parameter, scalar, multiplies } = context;
    const mean = build.op('Mul', [firstMoment(context, gradient, beta1), scalar('inverseCorrection')]);
    const direction = withDecay(context, build.op('Div', [mean, rootOfSecondMoment(context, gradient, { beta2, epsilon })]));
    const scaled = multiplies ? toNormOfWeights(context, direction) : direction;
    return build.op('Sub', [parameter, build.op('Mul', [scalar('rate'), scaled])]);
  },
};

/** Each tensor's part of a direction, times its weights' norm over its own; as it is where one of them is zero. */
function toNormOfWeights({ build, parameter, sizes }: UpdateContext, direction: Value): Value {
  const parts = split(build, direction, sizes);
  const wanted = norms(build, split(build, parameter, sizes));
  const found = norms(build, parts);
  const usable = build.op('Greater', [build.op('Min', [wanted, found]), build.scalar(0)]);
  const ratios = build.op('Where', [usable, build.op('Div', [wanted, found]), build.scalar(1)]);
  const each = split(
    build,
    ratios,
    sizes.map(() => 1),
  );
  return build.op(
    'Concat',
    parts.map((part, index) => build.op('Mul', [part, each[index]])),
    { axis: 0 },
  );
}

/** Euclidean norms of vectors, as one vector. */
function norms(build: GraphBuilder, vectors: readonly Value[]): Value {
  const squares = vectors.map((vector) => build.op('ReduceSumSquare', [vector], { keepdims: 1 }));
  return build.op('Sqrt', [build.op('Concat', squares, { axis: 0 })]);
}
