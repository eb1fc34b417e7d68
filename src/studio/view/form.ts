import { type Parameter, type Point, SearchSpace, type SpaceDefinition, type Value } from '../../automation/index.js';

/** What is typed or chosen for each parameter; those that are not active keep theirs, in case they become so again. */
export type Draft = Readonly<Record<string, Value>>;

/** A parameter as a part of a form. */
export interface FormField {
  readonly name: string;
  readonly parameter: Parameter;
  readonly value: Value;
}

/** A trial by hand: what can be set follows from what is set, as conditions say. */
export class TrialForm {
  readonly #space: SearchSpace;

  /** @throws OptionError for a space that cannot be used. */
  constructor(definition: SpaceDefinition) {
    this.#space = new SearchSpace(definition);
  }

  /** @param point what to begin with, e.g. another trial's. Default: the first choice, or the middle, of each parameter. */
  draft(point: Point = {}): Draft {
    return Object.fromEntries(this.#space.names.map((name) => [name, Object.hasOwn(point, name) ? point[name] : this.#usual(name)]));
  }

  /** Those that are active, in an order in which each comes behind what it depends on. */
  fields(draft: Draft): FormField[] {
    const point = this.#active(draft);
    return Object.entries(point).map(([name, value]) => ({ name, parameter: this.#space.parameter(name), value }));
  }

  /** @throws OptionError naming the parameter that is out of range. */
  point(draft: Draft): Point {
    return this.#space.check(this.#active(draft));
  }

  #active(draft: Draft): Point {
    return this.#space.build((name) => (Object.hasOwn(draft, name) ? draft[name] : this.#usual(name)));
  }

  #usual(name: string): Value {
    const domain = this.#space.domain(name);
    return 'fromUnit' in domain ? domain.fromUnit(0.5) : domain.choices[0];
  }
}

/** A parameter's name for people: "prune.keep" as "prune: keep", "learningRate" as "learning rate". */
export function parameterName(name: string): string {
  return name.replaceAll('.', ': ').replace(/([a-z])([A-Z])/g, (_, end: string, start: string) => `${end} ${start.toLowerCase()}`);
}
