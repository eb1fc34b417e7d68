import { OptionError } from '../base/index.js';
import type { Technique } from './technique.js';

/** Techniques by name. */
export class TechniqueRegistry {
  readonly #techniques = new Map<string, Technique>();
  readonly #aliases = new Map<string, Technique>();

  /** @throws OptionError where two have one name. */
  constructor(techniques: readonly Technique[]) {
    for (const technique of techniques) this.add(technique);
  }

  /** Adds one more. @throws OptionError where there is one of this name. */
  add(technique: Technique): void {
    const names = [technique.name, ...(technique.aliases ?? [])];
    const taken = names.find((name) => this.find(name));
    if (taken !== undefined) throw new OptionError({ what: 'There is a technique of this name already', got: taken });
    this.#techniques.set(technique.name, technique);
    for (const alias of technique.aliases ?? []) this.#aliases.set(alias, technique);
  }

  /** These and more, in a registry of their own. @throws OptionError where two have one name. */
  with(...techniques: readonly Technique[]): TechniqueRegistry {
    return new TechniqueRegistry([...this.all(), ...techniques]);
  }

  /** The technique of a name, or of one that it had. */
  find(name: string): Technique | undefined {
    return this.#techniques.get(name) ?? this.#aliases.get(name);
  }

  /** @throws OptionError for a name that no technique has. */
  get(name: string): Technique {
    const technique = this.find(name);
    if (technique) return technique;
    throw new OptionError({ what: `There is no technique "${name}"`, expected: [...this.#techniques.keys()].join(', ') });
  }

  all(): Technique[] {
    return [...this.#techniques.values()];
  }
}
