import { OptionError } from '../base/index.js';
import { isValue, type Parameter, type Value } from './parameters.js';

/** For each parameter: the values that others must have for it to be active. */
export type Conditions = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<Value>>>;

/**
 * The conditions of all parameters, checked.
 * @param canonical a value as its parameter would have it; undefined for one that it cannot have.
 * @throws OptionError for a condition on an unknown parameter, on a continuous one, or on a value that it cannot have.
 */
export function conditionsOf(
  parameters: ReadonlyMap<string, Parameter>,
  canonical: (name: string, value: Value) => Value | undefined,
): Conditions {
  const valuesOf = (where: string, parent: string, given: readonly Value[]): ReadonlySet<Value> => {
    const parameter = parameters.get(parent);
    if (!parameter) throw new OptionError({ what: `The condition names "${parent}", which is no parameter of this space`, where });
    if (parameter.type === 'float' && parameter.step === undefined) {
      throw new OptionError({
        what: `The condition names "${parent}", which is continuous`,
        where,
        fix: 'Give it a step or make it categorical.',
      });
    }
    if (given.length === 0) throw new OptionError({ what: `The condition on "${parent}" lists no values, so it can never hold`, where });
    const values = given.map((value) => {
      const known = isValue(value) ? canonical(parent, value) : undefined;
      if (known !== undefined) return known;
      throw new OptionError({ what: `The condition can never hold: "${parent}" has no such value`, where, got: JSON.stringify(value) });
    });
    return new Set(values);
  };
  return new Map(
    [...parameters].map(([name, { when = {} }]) => {
      const where = `parameter "${name}"`;
      if (typeof when !== 'object' || when === null || Array.isArray(when)) {
        throw new OptionError({ what: 'A condition must be an object of values by parameter', where, got: JSON.stringify(when) });
      }
      const wanted = Object.entries(when).map(([parent, given]): [string, ReadonlySet<Value>] => [
        parent,
        valuesOf(where, parent, Array.isArray(given) ? given : [given]),
      ]);
      return [name, new Map(wanted)];
    }),
  );
}

/** The parameters, each after those that its condition names; otherwise in their own order. @throws OptionError for a cycle. */
export function inOrder(conditions: Conditions): string[] {
  const order: string[] = [];
  const visit = (name: string, path: readonly string[]): void => {
    if (order.includes(name)) return;
    if (path.includes(name)) {
      throw new OptionError({ what: 'Conditions go in a circle', where: 'space', got: [...path, name].join(' needs ') });
    }
    for (const parent of conditions.get(name)!.keys()) visit(parent, [...path, name]);
    order.push(name);
  };
  for (const name of conditions.keys()) visit(name, []);
  return order;
}

/**
 * The number of points, given each parameter's number of values. Parameters that no condition links multiply; within a linked group the
 * parents' values are gone through, those that no condition mentions together.
 */
export function countPoints(conditions: Conditions, countOf: (name: string) => number): number {
  return groupsOf(conditions).reduce((product, group) => product * countGroup(group, conditions, countOf), 1);
}

function countGroup(group: readonly string[], conditions: Conditions, countOf: (name: string) => number): number {
  const mentioned = new Map<string, Set<Value>>();
  for (const name of group) {
    for (const [parent, values] of conditions.get(name)!) mentioned.set(parent, new Set([...(mentioned.get(parent) ?? []), ...values]));
  }
  const chosen = new Map<string, Value>();
  const countFrom = (depth: number): number => {
    if (depth === group.length) return 1;
    const name = group[depth];
    const isActive = [...conditions.get(name)!].every(([parent, values]) => chosen.has(parent) && values.has(chosen.get(parent)!));
    if (!isActive) return countFrom(depth + 1);
    const values = mentioned.get(name) ?? new Set();
    let count = 0;
    for (const value of values) {
      chosen.set(name, value);
      count += countFrom(depth + 1);
    }
    chosen.delete(name);
    const others = countOf(name) - values.size;
    return others > 0 ? count + others * countFrom(depth + 1) : count;
  };
  return countFrom(0);
}

/** The parameters in groups that conditions link, each group in order. */
function groupsOf(conditions: Conditions): string[][] {
  const groupOf = new Map<string, Set<string>>();
  for (const [name, parents] of conditions) {
    const merged = new Set([name]);
    for (const other of [name, ...parents.keys()]) for (const member of groupOf.get(other) ?? [other]) merged.add(member);
    for (const member of merged) groupOf.set(member, merged);
  }
  const order = inOrder(conditions);
  return [...new Set(groupOf.values())].map((group) => order.filter((name) => group.has(name)));
}
