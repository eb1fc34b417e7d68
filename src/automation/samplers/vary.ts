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
    return names.has(name) ? otherValue(space, name, point[name], reach, random) : point[name];
  });
}

function otherValue(space: SearchSpace, name: string, value: Value, reach: number, random: Random): Value {
  const domain = space.domain(name);
  if (!(domain instanceof Domain)) {
    const others = domain.choices.filter((choice) => choice !== value);
    return others.length === 0 ? value : random.pick(others);
  }
  const unit = domain.toUnit(value as number);
  // A parameter with steps moves by one at least.
  const least = Number.isFinite(domain.count) ? 1 / domain.count : 0;
  const move = reach * random.normal();
  const moved = unit + Math.sign(move) * Math.max(Math.abs(move), least);
  return domain.fromUnit(Math.min(1, Math.max(0, moved)));
}
