import { OptionError } from '../base/index.js';

/** A parameter's value. */
export type Value = number | string | boolean;

/** One value for each active parameter, and none for the others. */
export type Point = { readonly [parameter: string]: Value };

/** When a parameter is active: every parameter named must itself be active and have one of the values given. */
export type Condition = { readonly [parameter: string]: Value | readonly Value[] };

interface NumericParameter {
  readonly low: number;
  /** At least `low`; inclusive. With a step, the largest value is the last that steps reach. */
  readonly high: number;
  /** Spread evenly over the logarithm; `low` must then be positive (and more than half a step). Default false. */
  readonly log?: boolean;
  readonly when?: Condition;
}

/** A real number in [low, high], or one of low, low + step, … */
export interface FloatParameter extends NumericParameter {
  readonly type: 'float';
  /** Above 0. Default: none, continuous. */
  readonly step?: number;
}

/** An integer in [low, high]. */
export interface IntegerParameter extends NumericParameter {
  readonly type: 'integer';
  /** A positive integer. Default 1. */
  readonly step?: number;
}

/** One of a list of values without order. */
export interface CategoricalParameter {
  readonly type: 'categorical';
  /** At least one; all different. */
  readonly choices: readonly Value[];
  readonly when?: Condition;
}

export type Parameter = FloatParameter | IntegerParameter | CategoricalParameter;

/** A search space as plain JSON: parameters by name. */
export type SpaceDefinition = { readonly [parameter: string]: Parameter };

const fields = {
  float: ['type', 'low', 'high', 'log', 'step', 'when'],
  integer: ['type', 'low', 'high', 'log', 'step', 'when'],
  categorical: ['type', 'choices', 'when'],
};

/** @throws OptionError naming the parameter and the field that cannot be used. Conditions are checked by the space. */
export function checkParameter(name: string, parameter: Parameter): void {
  const where = `parameter "${name}"`;
  const known = fields[parameter?.type];
  if (!known) {
    const expected = "type 'float', 'integer' or 'categorical'";
    throw new OptionError({ what: 'Unknown kind of parameter', where, expected, got: JSON.stringify(parameter?.type) });
  }
  for (const field of Object.keys(parameter)) {
    if (!known.includes(field)) throw new OptionError({ what: `Unknown field "${field}"`, where, expected: known.join(', ') });
  }
  if (parameter.type === 'categorical') checkChoices(where, parameter.choices);
  else checkNumeric(where, parameter);
}

function checkChoices(where: string, choices: readonly Value[]): void {
  if (!Array.isArray(choices) || choices.length === 0) throw new OptionError({ what: 'A categorical parameter needs choices', where });
  for (const choice of choices) {
    if (!isValue(choice)) {
      throw new OptionError({
        what: 'A choice must be a finite number, text, true or false',
        where,
        got: JSON.stringify(choice) ?? typeof choice,
      });
    }
  }
  if (new Set(choices).size < choices.length)
    throw new OptionError({ what: 'A choice is given twice', where, got: JSON.stringify(choices) });
}

function checkNumeric(where: string, { type, low, high, log, step }: FloatParameter | IntegerParameter): void {
  const got = `low ${low}, high ${high}${step === undefined ? '' : `, step ${step}`}`;
  const isRight = type === 'integer' ? Number.isSafeInteger : Number.isFinite;
  const kind = type === 'integer' ? 'integers' : 'finite numbers';
  if (!isRight(low) || !isRight(high)) throw new OptionError({ what: 'Bad bounds', where, expected: kind, got });
  if (high < low || !Number.isFinite(high - low)) throw new OptionError({ what: 'Bad bounds', where, expected: 'low at most high', got });
  if (step !== undefined && !(isRight(step) && step > 0)) {
    throw new OptionError({
      what: 'Bad step',
      where,
      expected: type === 'integer' ? 'a positive integer' : 'a finite number above 0',
      got,
    });
  }
  if (log !== undefined && typeof log !== 'boolean') throw new OptionError({ what: 'log must be true or false', where, got: String(log) });
  const reach = type === 'integer' ? (step ?? 1) / 2 : (step ?? 0) / 2;
  if (log && low <= reach) {
    throw new OptionError({ what: 'A logarithmic parameter needs a lower bound above 0 and above half a step', where, got });
  }
}

export function isValue(value: unknown): value is Value {
  return typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}
