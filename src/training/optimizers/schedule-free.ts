import type { GraphBuilder, Value } from '../../onnx/index.js';
import type { Schedule } from '../schedules.js';
import { type MomentConstants, momentConstants, rootOfSecondMoment } from './adam.js';
import { fraction, type UpdateContext, type UpdateRule, withDecay } from './rule.js';

/**
 * Schedule-free SGD (Defazio et al. 2024): steps are taken by a fast sequence z, the weights are its average x, and the gradient is taken between
 * them, at y = (1 - momentum) z + momentum x. The rate needs no schedule but a warmup, and may be larger than SGD's.
 * Weight decay is added to the gradient, at y.
 */
export interface ScheduleFreeSgdSpec {
  kind: 'schedule-free-sgd';
  momentum: number;
}

/**
 * Schedule-free AdamW (Defazio et al. 2024): the same with Adam's second moment; beta1 is the momentum. The second moment is corrected for its start
 * as Adam's is. The paper's Algorithm 1 puts that correction into the rate instead, so that it weighs the average as well.
 */
export interface ScheduleFreeAdamWSpec extends MomentConstants {
  kind: 'schedule-free-adamw';
}

/** The average makes up for a rate that does not fall. */
const SCHEDULE: Schedule = { kind: 'constant', warmup: 0.05 };

export const scheduleFreeSgd: UpdateRule<ScheduleFreeSgdSpec> = {
  learningRate: 0.5,
  schedule: SCHEDULE,
  constants: { momentum: fraction(0.9) },
  scalars: (_, rate) => ({ squaredRate: rate * rate }),
  point: ({ momentum }, context) => between(context, momentum),
  update: (_, context) => advance(context, withDecay(context, context.gradient)),
};

export const scheduleFreeAdamW: UpdateRule<ScheduleFreeAdamWSpec> = {
  learningRate: 0.005,
  schedule: SCHEDULE,
  constants: momentConstants,
  scalars: ({ beta2 }, rate, count) => ({
    squaredRate: rate * rate,
    inverseRootCorrection: 1 / Math.sqrt(1 - beta2 ** count),
  }),
  point: ({ beta1 }, context) => between(context, beta1),
  update: ({ beta2, epsilon }, context) => {
    const { build, gradient } = context;
    const direction = build.op('Div', [gradient, rootOfSecondMoment(context, gradient, { beta2, epsilon })]);
    return advance(context, withDecay(context, direction));
  },
};

function between({ build, parameter, slot }: Pick<UpdateContext, 'build' | 'parameter' | 'slot'>, momentum: number): Value {
  return towards(build, slot('fast', 'parameters').value, parameter, build.scalar(momentum));
}

/** Moves z against a direction, and x, the parameters, towards z: the average of all z so far, each weighed by its squared rate. */
function advance({ build, parameter, slot, scalar }: UpdateContext, direction: Value): Value {
  const fast = slot('fast');
  const next = build.op('Sub', [fast.value, build.op('Mul', [scalar('rate'), direction])]);
  fast.next(next);
  const squares = slot('squares', 'number');
  const total = build.op('Add', [squares.value, scalar('squaredRate')]);
  squares.next(total);
  return towards(build, parameter, next, build.op('Div', [scalar('squaredRate'), total]));
}

/** a + (b - a) * share. */
function towards(build: GraphBuilder, a: Value, b: Value, share: Value): Value {
  return build.op('Add', [a, build.op('Mul', [build.op('Sub', [b, a]), share])]);
}
