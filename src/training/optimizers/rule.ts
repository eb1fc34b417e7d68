import { OptionError, requireKnown } from '../../base/index.js';
import type { GraphBuilder, Value } from '../../onnx/index.js';
import type { Schedule } from '../schedules.js';

/** One vector of parameters inside the step graph. */
export interface UpdateContext {
  build: GraphBuilder;
  parameter: Value;
  /** Where the gradient was taken: `parameter`, unless the rule takes it elsewhere. */
  point: Value;
  gradient: Value;
  /** Elements of each of the tensors that lie in the vector one after the other. */
  sizes: readonly number[];
  /** Whether they are matrices and kernels, which multiply, or biases and the scales of normalizations. */
  multiplies: boolean;
  /** Weight decay, per step relative to the learning rate; 0 for none. */
  decay: number;
  /** The number that the host feeds under a name at every step; see `stepScalars`. Rates are vectors where they differ between tensors. */
  scalar(name: ScalarName): Value;
  /** What persists between steps, by name; the same name is the same slot. */
  slot(name: string, start?: SlotStart): Slot;
}

/** How a slot begins: as a vector of zeros like the parameters, as the parameters do, or as the single number 0. */
export type SlotStart = 'zeros' | 'parameters' | 'number';

export interface Slot {
  value: Value;
  /** Says what it becomes. */
  next(value: Value): void;
}

/** Numbers that depend on the step. */
export type ScalarName = 'rate' | 'stepSize' | 'inverseCorrection' | 'inverseRootCorrection' | 'squaredRate' | 'averageFactor';

/** A constant of an update rule. */
export interface Constant<V> {
  /** Its value where none is given. */
  readonly preset: V;
  /** Which values are good, in words. */
  readonly expected: string;
  isGood(value: V): boolean;
}

/** A share of what was before: momentum and its like. */
export function fraction(preset: number): Constant<number> {
  return { preset, expected: 'a number in [0, 1)', isGood: (value) => value >= 0 && value < 1 };
}

export function positive(preset: number): Constant<number> {
  return { preset, expected: 'a positive number', isGood: (value) => value > 0 };
}

export function onOrOff(preset: boolean): Constant<boolean> {
  return { preset, expected: 'true or false', isGood: (value) => typeof value === 'boolean' };
}

/** A spec as a user gives it: constants may be left out. */
export type Given<Spec extends { kind: string }> = Pick<Spec, 'kind'> & Partial<Spec>;

/** An update rule for specs with all their constants. The learning rate is fed at each step. */
export interface UpdateRule<Spec extends { kind: string }> {
  /** Base learning rate where none is given: the peak of one cycle over a few epochs, or what the schedule-free optimizers stay at. */
  learningRate: number;
  /** Where none is given. */
  schedule: Schedule;
  /** Every constant that it has. */
  constants: { readonly [Name in Exclude<keyof Spec, 'kind'>]: Constant<Spec[Name]> };
  /** Numbers besides the rate that the rule reads at step `count`, from 1. */
  scalars?(spec: Spec, rate: number, count: number): Partial<Record<ScalarName, number>>;
  /** Where to take the gradient. Default: at the parameters. */
  point?(spec: Spec, context: Pick<UpdateContext, 'build' | 'parameter' | 'slot'>): Value;
  /** Writes the update of one vector of parameters; returns the new parameters. */
  update(spec: Spec, context: UpdateContext): Value;
}

/** A spec with all its constants. @throws OptionError naming a constant that there is not, or whose value is not good. */
export function complete<Spec extends { kind: string }>({ constants }: UpdateRule<Spec>, { kind, ...given }: Given<Spec>): Spec {
  const known = constants as Readonly<Record<string, Constant<unknown>>>;
  const values = given as Readonly<Record<string, unknown>>;
  requireKnown(values, Object.keys(known), `optimizer "${kind}"`);
  const entries = Object.entries(known).map(([name, { preset, expected, isGood }]) => {
    const value = values[name] ?? preset;
    if (!isGood(value)) throw refused(name, expected, value);
    return [name, value];
  });
  return { kind, ...Object.fromEntries(entries) };
}

function refused(name: string, expected: string, got: unknown): OptionError {
  return new OptionError({
    what: 'Not a usable value',
    where: `optimizer option "${name}"`,
    expected,
    got: JSON.stringify(got) ?? String(got),
  });
}

/** a * weight + b * (1 - weight). */
export function mix(build: GraphBuilder, a: Value, b: Value, weight: number): Value {
  return build.op('Add', [build.op('Mul', [a, build.scalar(weight)]), build.op('Mul', [b, build.scalar(1 - weight)])]);
}

/** The gradient, or any direction, with weight decay added: direction + decay * point. */
export function withDecay({ build, point, decay }: UpdateContext, direction: Value): Value {
  return decay > 0 ? build.op('Add', [direction, build.op('Mul', [point, build.scalar(decay)])]) : direction;
}

/** The parameters after decoupled weight decay: parameter * (1 - rate * decay). */
export function shrunk({ build, parameter, decay, scalar }: UpdateContext): Value {
  if (decay === 0) return parameter;
  return build.op('Mul', [parameter, build.op('Sub', [build.scalar(1), build.op('Mul', [scalar('rate'), build.scalar(decay)])])]);
}
