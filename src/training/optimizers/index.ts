import { unknownName } from '../../base/index.js';
import type { Value } from '../../onnx/index.js';
import { type AdamSpec, type AdamWSpec, adam } from './adam.js';
import { type LambSpec, lamb } from './lamb.js';
import { type LionSpec, lion } from './lion.js';
import { complete, type Given, type ScalarName, type UpdateContext, type UpdateRule } from './rule.js';
import { type ScheduleFreeAdamWSpec, type ScheduleFreeSgdSpec, scheduleFreeAdamW, scheduleFreeSgd } from './schedule-free.js';
import { type SgdSpec, sgd } from './sgd.js';

export { clipFactor, jointNorm } from './clip.js';
export type { ScalarName, Slot, SlotStart, UpdateContext, UpdateRule } from './rule.js';

type Spec = SgdSpec | AdamSpec | AdamWSpec | LionSpec | LambSpec | ScheduleFreeSgdSpec | ScheduleFreeAdamWSpec;

/** An update rule, with those of its constants that are not to have their defaults. */
export type OptimizerSpec = { [Kind in Spec['kind']]: Given<Extract<Spec, { kind: Kind }>> }[Spec['kind']];

type Rules = { [Kind in Spec['kind']]: UpdateRule<Extract<Spec, { kind: Kind }>> };

const rules: Rules = {
  sgd,
  adam,
  adamw: adam,
  lion,
  lamb,
  'schedule-free-sgd': scheduleFreeSgd,
  'schedule-free-adamw': scheduleFreeAdamW,
};

/** Every kind of optimizer. */
export const OPTIMIZERS = Object.keys(rules) as readonly OptimizerSpec['kind'][];

/** An update rule with its constants filled in. */
export interface Optimizer extends Pick<UpdateRule<Spec>, 'learningRate' | 'schedule'> {
  scalars(rate: number, count: number): Partial<Record<ScalarName, number>>;
  point?(context: Pick<UpdateContext, 'build' | 'parameter' | 'slot'>): Value;
  update(context: UpdateContext): Value;
}

/** The optimizer that a spec means. @throws OptionError for a kind that does not exist, and naming a constant that cannot be used. */
export function optimizerOf(given: OptimizerSpec): Optimizer {
  if (!Object.hasOwn(rules, given.kind))
    throw unknownName(given.kind, OPTIMIZERS, {
      what: 'There is no such optimizer',
      where: 'optimizer option "kind"',
      got: `"${given.kind}"`,
    });
  const rule = rules[given.kind] as UpdateRule<Spec>;
  const spec = complete(rule, given as Given<Spec>);
  const { learningRate, schedule, scalars, point, update } = rule;
  return {
    learningRate,
    schedule,
    scalars: (rate, count) => scalars?.(spec, rate, count) ?? {},
    ...(point && { point: (context) => point(spec, context) }),
    update: (context) => update(spec, context),
  };
}

/** The learning rate of a kind of optimizer where none is given. */
export function usualRate(kind: OptimizerSpec['kind']): number {
  return rules[kind].learningRate;
}

/** The numbers to feed at step `step` (from 0) for a learning rate and the factor of the moving average, where there is one. */
export function stepScalars(optimizer: OptimizerSpec, rate: number, step: number, ema = 0): Partial<Record<ScalarName, number>> {
  const averageFactor = Math.min(ema, (1 + step) / (10 + step));
  return { rate, averageFactor, ...optimizerOf(optimizer).scalars(rate, step + 1) };
}
