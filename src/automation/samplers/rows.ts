import { Domain } from '../domain.js';
import type { Point, Value } from '../parameters.js';
import type { SearchSpace } from '../space.js';

/** One parameter as samplers with models see it. */
export interface Axis {
  readonly name: string;
  /** The number of choices of a categorical parameter; undefined for a numeric one. */
  readonly choices: number | undefined;
  /** Whether other parameters' conditions name it. */
  readonly isBranch: boolean;
  /** How many values a numeric parameter has; Infinity for a continuous one. */
  readonly count: number;
  /** A value as a number: a choice's index, or a place on the unit scale. */
  encode(value: Value): number;
  decode(number: number): Value;
}

const axesOfSpaces = new WeakMap<SearchSpace, readonly Axis[]>();
const rowsOfSpaces = new WeakMap<SearchSpace, WeakMap<Point, Float64Array>>();

/** The parameters of a space, in its order. */
export function axesOf(space: SearchSpace): readonly Axis[] {
  let axes = axesOfSpaces.get(space);
  if (!axes) {
    axes = space.names.map((name) => axisOf(space, name));
    axesOfSpaces.set(space, axes);
  }
  return axes;
}

/** A point as one number per axis, NaN where it has no value. Points never change, so that each is encoded once. */
export function rowOf(space: SearchSpace, point: Point): Float64Array {
  let rows = rowsOfSpaces.get(space);
  if (!rows) {
    rows = new WeakMap();
    rowsOfSpaces.set(space, rows);
  }
  let row = rows.get(point);
  if (!row) {
    row = Float64Array.from(axesOf(space), (axis) => (Object.hasOwn(point, axis.name) ? axis.encode(point[axis.name]) : Number.NaN));
    rows.set(point, row);
  }
  return row;
}

function axisOf(space: SearchSpace, name: string): Axis {
  const domain = space.domain(name);
  const isBranch = space.names.some((other) => Object.hasOwn(space.parameter(other).when ?? {}, name));
  if (domain instanceof Domain) {
    return {
      name,
      isBranch,
      choices: undefined,
      count: domain.count,
      encode: (value) => domain.toUnit(value as number),
      decode: (unit) => domain.fromUnit(unit),
    };
  }
  const { choices } = domain;
  return {
    name,
    isBranch,
    choices: choices.length,
    count: choices.length,
    encode: (value) => choices.indexOf(value),
    decode: (index) => choices[index],
  };
}
