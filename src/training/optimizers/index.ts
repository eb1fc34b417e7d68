import { type AdamSpec, type AdamWSpec, adam } from './adam.js';
import { type LambSpec, lamb } from './lamb.js';
import { type LionSpec, lion } from './lion.js';
import { ConstantChecks, type ScalarName, type UpdateRule } from './rule.js';
import { type ScheduleFreeAdamWSpec, type ScheduleFreeSgdSpec, scheduleFreeAdamW, scheduleFreeSgd } from './schedule-free.js';
import { type SgdSpec, sgd } from './sgd.js';

export { clipFactor, jointNorm } from './clip.js';
export type { ScalarName, Slot, SlotStart, UpdateContext, UpdateRule } from './rule.js';

/** An update rule with its constants. */
export type OptimizerSpec = SgdSpec | AdamSpec | AdamWSpec | LionSpec | LambSpec | ScheduleFreeSgdSpec | ScheduleFreeAdamWSpec;

type Rules = { [Kind in OptimizerSpec['kind']]: UpdateRule<Extract<OptimizerSpec, { kind: Kind }>> };

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

/** The rule of an optimizer. @throws OptionError for a kind that does not exist. */
export function ruleOf({ kind }: OptimizerSpec): UpdateRule<OptimizerSpec> {
  if (Object.hasOwn(rules, kind)) return rules[kind] as UpdateRule<OptimizerSpec>;
  return new ConstantChecks().refuse('kind', OPTIMIZERS.join(', '), kind);
}

/** @throws OptionError naming the constant that cannot be used. */
export function checkOptimizer(optimizer: OptimizerSpec): void {
  ruleOf(optimizer).check(optimizer, new ConstantChecks());
}

/** The numbers to feed at step `step` (from 0) for a learning rate and the factor of the moving average, where there is one. */
export function stepScalars(optimizer: OptimizerSpec, rate: number, step: number, ema = 0): Partial<Record<ScalarName, number>> {
  const averageFactor = Math.min(ema, (1 + step) / (10 + step));
  return { rate, averageFactor, ...ruleOf(optimizer).scalars?.(optimizer, rate, step + 1) };
}
