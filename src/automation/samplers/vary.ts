import type { Random } from '../../base/index.js';
import { Domain } from '../domain.js';
import type { Point, Value } from '../parameters.js';
import type { SearchSpace } from '../space.js';

/**
 * A point near another: some of its parameters have other values, and those that come to be active by that are drawn uniformly.
 * @param names of active parameters that change.
 * @param reach the deviation of a numeric parameter's change, on its unit scale.
 */
export function varied(space: SearchSpace, point: Point, names: ReadonlySet<string>, reach: number, random: Random): Point {
  return space.build((name) => {
    if (!Object.hasOwn(point, name)) return space.sampleValue(name, random);
    return names.has(name) ? otherValue(space, name, point[name], () => reach * random.normal(), random) : point[name];
  });
}

/**
 * Another value of a parameter, where it has others: any other choice, or a number that is moved; one with steps by one at least.
 * @param move from a place on the unit scale to a change of it; may lead outside.
 */
export function otherValue(space: SearchSpace, name: string, value: Value, move: (unit: number) => number, random: Random): Value {
  const domain = space.domain(name);
  if (!(domain instanceof Domain)) {
    const others = domain.choices.filter((choice) => choice !== value);
    return others.length === 0 ? value : random.pick(others);
  }
  const unit = domain.toUnit(value as number);
  const least = Number.isFinite(domain.count) ? 1 / domain.count : 0;
  const change = move(unit);
  const moved = unit + Math.sign(change) * Math.max(Math.abs(change), least);
  return domain.fromUnit(Math.min(1, Math.max(0, moved)));
}
