import { OptionError, type Random } from '../base/index.js';
import { type Conditions, conditionsOf, countPoints, inOrder } from './conditions.js';
import { Domain } from './domain.js';
import { asJson, canonicalText } from './json.js';
import { type CategoricalParameter, checkParameter, type Parameter, type Point, type SpaceDefinition, type Value } from './parameters.js';

/** A checked search space: what points there are, and which of two points are the same. */
export class SearchSpace {
  /** The plain JSON that it was made of. */
  readonly definition: SpaceDefinition;
  /** Every parameter, those that conditions name before those that depend on them; otherwise as defined. */
  readonly names: readonly string[];
  /** How many points there are; Infinity when any parameter is continuous. */
  readonly size: number;
  readonly #parameters: ReadonlyMap<string, Parameter>;
  readonly #domains: ReadonlyMap<string, Domain>;
  readonly #conditions: Conditions;
  /** Samplers ask for every point's key before each suggestion; points never change. */
  readonly #keys = new WeakMap<Point, string>();

  /** @throws OptionError naming the parameter for anything that cannot be used: bounds, steps, choices, conditions, cycles of conditions. */
  constructor(definition: SpaceDefinition) {
    const entries = Object.entries(asJson(definition, 'space') as unknown as SpaceDefinition);
    if (entries.length === 0) throw new OptionError({ what: 'A search space needs at least one parameter', where: 'space' });
    for (const [name, parameter] of entries) checkParameter(name, parameter);
    this.definition = Object.fromEntries(entries);
    this.#parameters = new Map(entries);
    this.#domains = new Map(
      entries.flatMap(([name, parameter]) => (parameter.type === 'categorical' ? [] : [[name, new Domain(parameter)]])),
    );
    this.#conditions = conditionsOf(this.#parameters, (name, value) => this.#canonical(name, value));
    this.names = inOrder(this.#conditions);
    this.size = this.gridSize(Infinity);
  }

  parameter(name: string): Parameter {
    const parameter = this.#parameters.get(name);
    if (!parameter) throw this.#unknown(name);
    return parameter;
  }

  /** The choices of a categorical parameter, or the domain of a numeric one. */
  domain(name: string): CategoricalParameter | Domain {
    return this.#domains.get(name) ?? (this.parameter(name) as CategoricalParameter);
  }

  /** Whether a parameter takes part, given the values of those before it. */
  isActive(name: string, point: Point): boolean {
    for (const [parent, values] of this.#conditions.get(name)!) {
      if (!Object.hasOwn(point, parent) || !values.has(point[parent])) return false;
    }
    return true;
  }

  /** A point made of one value for each parameter that is active given those chosen before. */
  build(choose: (name: string) => Value): Point {
    const point: Record<string, Value> = {};
    for (const name of this.names) if (this.isActive(name, point)) point[name] = choose(name);
    return point;
  }

  /** A point drawn uniformly (on each parameter's scale). */
  sampleUniform(random: Random): Point {
    return this.build((name) => this.sampleValue(name, random));
  }

  /** A value of one parameter, drawn uniformly on its scale. */
  sampleValue(name: string, random: Random): Value {
    const domain = this.domain(name);
    return domain instanceof Domain ? domain.fromUnit(random.uniform()) : random.pick(domain.choices);
  }

  /**
   * The point in its canonical form: parameters in the space's order, stepped values exactly on their step.
   * @throws OptionError naming the parameter that is missing, unknown, inactive or out of range.
   */
  check(point: Point): Point {
    for (const name of Object.keys(point)) if (!this.#parameters.has(name)) throw this.#unknown(name);
    const checked = this.build((name) => {
      const value = Object.hasOwn(point, name) ? point[name] : undefined;
      if (value === undefined) throw new OptionError({ what: 'The point lacks an active parameter', where: `parameter "${name}"` });
      const known = this.#canonical(name, value);
      if (known === undefined) throw this.#outside(name, value);
      return known;
    });
    for (const name of Object.keys(point)) {
      if (Object.hasOwn(checked, name)) continue;
      const expected = `no value, as its condition ${JSON.stringify(this.parameter(name).when)} does not hold`;
      throw new OptionError({
        what: 'The point sets an inactive parameter',
        where: `parameter "${name}"`,
        expected,
        got: String(point[name]),
      });
    }
    return checked;
  }

  /** A text that equal points share, whatever their order of parameters. @throws as `check` does. */
  key(point: Point): string {
    let key = this.#keys.get(point);
    if (key === undefined) {
      key = canonicalText(this.check(point));
      this.#keys.set(point, key);
    }
    return key;
  }

  /**
   * How many points a grid has.
   * @param resolution the number of values of each continuous parameter.
   */
  gridSize(resolution: number): number {
    return countPoints(this.#conditions, (name) => {
      const domain = this.domain(name);
      return domain instanceof Domain ? domain.gridCount(resolution) : domain.choices.length;
    });
  }

  /**
   * Every point of the grid, one after the other; the last parameters vary fastest.
   * @param resolution the number of values of each continuous parameter, at least 1; may be left out when the space is finite.
   * @throws OptionError without a resolution for an infinite space.
   */
  *grid(resolution?: number): Generator<Point> {
    if (resolution === undefined ? this.size === Infinity : !(Number.isInteger(resolution) && resolution >= 1)) {
      const expected = 'a positive integer: the number of values of each continuous parameter';
      throw new OptionError({ what: 'Bad resolution', where: 'resolution', expected, got: String(resolution) });
    }
    yield* this.#extend({}, 0, resolution ?? 1);
  }

  *#extend(point: Point, depth: number, resolution: number): Generator<Point> {
    if (depth === this.names.length) {
      yield point;
      return;
    }
    const name = this.names[depth];
    if (!this.isActive(name, point)) {
      yield* this.#extend(point, depth + 1, resolution);
      return;
    }
    const domain = this.domain(name);
    const values = domain instanceof Domain ? domain.grid(resolution) : domain.choices;
    for (const value of values) yield* this.#extend({ ...point, [name]: value }, depth + 1, resolution);
  }

  /** The value as the parameter would have it: exactly on its step; undefined for one that it cannot have. */
  #canonical(name: string, value: Value): Value | undefined {
    const domain = this.domain(name);
    if (domain instanceof Domain) return domain.has(value) ? domain.nearest(value as number) : undefined;
    return domain.choices.includes(value) ? value : undefined;
  }

  #outside(name: string, value: Value): OptionError {
    const { when: _, ...expected } = this.parameter(name);
    return new OptionError({
      what: 'The value is outside the search space',
      where: `parameter "${name}"`,
      expected: JSON.stringify(expected),
      got: JSON.stringify(value),
    });
  }

  #unknown(name: string): OptionError {
    const expected = `one of ${[...this.#parameters.keys()].join(', ')}`;
    return new OptionError({ what: 'There is no such parameter', where: `parameter "${name}"`, expected });
  }
}
