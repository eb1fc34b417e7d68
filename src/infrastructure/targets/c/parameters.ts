import { literal } from './numbers.js';
import type { Slot, SlotType } from './slots.js';

/** A number that kernels of one structure are called with. */
export interface NumberParameter {
  readonly name: string;
  readonly type: SlotType;
  /** What each of the kernels passes. */
  readonly values: readonly number[];
}

/** What a function of several kernels is written with. */
export interface Parameterization {
  readonly parameters: readonly NumberParameter[];
  /** What stands for each number, in the order of the slots; undefined where it is the same in all kernels. */
  readonly texts: readonly (string | undefined)[];
}

/** Multiples of a parameter that are written as such. */
const MOST_FACTOR = 64;

/** Numbers that are computed are below this, so that no step on the way overflows. */
const MOST_DERIVED = 2 ** 24;

/**
 * The fewest parameters that can be found for numbers that differ: one that is another with something added, times a number, or the sum or product of two
 * others (a stride is that of the line below times its extent) is computed in the function.
 * @param kernels the numbers of each, in one order.
 */
export function parametersOf(kernels: readonly (readonly Slot[])[]): Parameterization {
  const [first] = kernels;
  const columns = first.map(({ type }, place) => ({ type, values: kernels.map((slots) => slots[place].value) }));
  const varying = columns.filter(({ values }) => values.some((value) => !Object.is(value, values[0])));
  const parameters: NumberParameter[] = [];
  const known = new Map<string, string>();
  const size = ({ values }: { values: readonly number[] }) => Math.max(...values.map(Math.abs));
  // Small numbers first: strides are computed of extents.
  for (const column of [...varying].sort((a, b) => size(a) - size(b))) {
    const key = keyOf(column);
    if (known.has(key)) continue;
    const derived = column.type === 'i32' ? derivedFrom(parameters, column.values) : undefined;
    if (derived) known.set(key, derived);
    else {
      const name = `n${parameters.length}`;
      parameters.push({ name, ...column });
      known.set(key, name);
    }
  }
  return { parameters, texts: columns.map((column) => known.get(keyOf(column))) };
}

function keyOf({ type, values }: { type: SlotType; values: readonly number[] }): string {
  return `${type} ${values.map((value) => literal(value, type))}`;
}

/** Numbers as an expression of parameters. */
function derivedFrom(parameters: readonly NumberParameter[], wanted: readonly number[]): string | undefined {
  const isSmall = (values: readonly number[]) => values.every((value) => Math.abs(value) < MOST_DERIVED);
  if (!isSmall(wanted)) return undefined;
  const whole = parameters.filter(({ type, values }) => type === 'i32' && isSmall(values));
  const matches = (of: (kernel: number) => number) => wanted.every((value, kernel) => of(kernel) === value);
  for (const { name, values } of whole) {
    const factor = values[0] === 0 ? 0 : wanted[0] / values[0];
    const isMultiple = Number.isInteger(factor) && factor !== 0 && Math.abs(factor) <= MOST_FACTOR;
    if (isMultiple && matches((kernel) => values[kernel] * factor))
      return factor === -1 ? `(-${name})` : `(${name} * ${bracketed(factor)})`;
    for (const sign of [1, -1]) {
      const added = wanted[0] - sign * values[0];
      if (matches((kernel) => sign * values[kernel] + added)) return sign === 1 ? `(${name} ${signed(added)})` : `(${added} - ${name})`;
    }
  }
  for (const [place, a] of whole.entries()) {
    for (const b of whole.slice(place)) {
      if (matches((kernel) => a.values[kernel] * b.values[kernel])) return `(${a.name} * ${b.name})`;
      const added = wanted[0] - a.values[0] - b.values[0];
      if (matches((kernel) => a.values[kernel] + b.values[kernel] + added))
        return added === 0 ? `(${a.name} + ${b.name})` : `(${a.name} + ${b.name} ${signed(added)})`;
      const less = wanted[0] + a.values[0] + b.values[0];
      if (matches((kernel) => less - a.values[kernel] - b.values[kernel])) return `(${less} - ${a.name} - ${b.name})`;
    }
  }
  return undefined;
}

const signed = (value: number) => (value < 0 ? `- ${-value}` : `+ ${value}`);
const bracketed = (value: number) => (value < 0 ? `(${value})` : String(value));
