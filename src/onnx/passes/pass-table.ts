import { GraphError, OptionError } from '../../base/index.js';
import { copyModel } from '../copy.js';
import type { Model } from '../model.js';
import type { AnyPass, Change, Changed, Condition, Pass } from './pass.js';

/** Passes by name, and what runs them: the one place in which their conditions are looked at. */
export class PassTable<Context = unknown> {
  readonly #passes = new Map<string, AnyPass<Context>>();

  /** @throws OptionError where two have one name. */
  constructor(passes: readonly AnyPass<Context>[]) {
    for (const pass of passes) this.add(pass);
  }

  /** Adds one more. @throws OptionError where there is one of this name. */
  add(pass: AnyPass<Context>): void {
    if (this.#passes.has(pass.name)) throw new OptionError({ what: 'There is a pass of this name already', got: pass.name });
    this.#passes.set(pass.name, pass);
  }

  /** These and more, in a table of their own. @throws OptionError where two have one name. */
  with(...passes: readonly AnyPass<Context>[]): PassTable<Context> {
    return new PassTable<Context>([...this.all(), ...passes]);
  }

  /** All, or those of one kind, in the order in which they were added. */
  all(kind?: AnyPass<Context>['kind']): AnyPass<Context>[] {
    return [...this.#passes.values()].filter((pass) => kind === undefined || pass.kind === kind);
  }

  /** @throws OptionError for a name that no pass has. */
  get(name: string): AnyPass<Context> {
    const pass = this.#passes.get(name);
    if (pass) return pass;
    throw new OptionError({ what: `There is no pass "${name}"`, expected: [...this.#passes.keys()].join(', ') });
  }

  /**
   * Runs passes on a model, in place and in their order, each after those that bring about what it requires: of the list, or else of this table.
   * @throws GraphError where nothing brings that about, or where a pass answers later (`applyAsync` waits).
   */
  apply(model: Model, passes: readonly Pass<Context>[], context: Context): Change[] {
    const steps = this.#steps(model, passes, context);
    for (let step = steps.next(); ; step = steps.next(step.value as number)) {
      if (step.done) return step.value;
      if (step.value instanceof Promise)
        throw new GraphError({ what: 'A pass that takes its time stands where no one waits for it', fix: 'Call applyAsync.' });
    }
  }

  /** As `apply`, for passes that run the model as well. */
  async applyAsync(model: Model, passes: readonly AnyPass<Context>[], context: Context): Promise<Change[]> {
    const steps = this.#steps(model, passes, context);
    for (let step = steps.next(); ; step = steps.next(await step.value)) if (step.done) return step.value;
  }

  /** Runs passes on a model, in place, round after round until none changes anything. @returns what each round changed. */
  async settle(model: Model, passes: readonly AnyPass<Context>[], context: Context, mostRounds: number): Promise<Change[][]> {
    const rounds: Change[][] = [];
    const names = new Set(passes.map(({ name }) => name));
    while (rounds.length < mostRounds) {
      const changes = await this.applyAsync(model, passes, context);
      rounds.push(changes);
      if (!changes.some(({ pass, changed }) => changed > 0 && names.has(pass))) break;
    }
    return rounds;
  }

  /** A copy of a model of which the conditions hold; the model itself where they do. @throws GraphError where no pass brings one about. */
  reach(source: Model, conditions: readonly Condition[], context: Context): Model {
    if (conditions.every((condition) => condition.holds?.(source))) return source;
    const model = copyModel(source);
    const last: Pass<Context> = { name: 'reach', summary: '', kind: 'form', requires: conditions, ensures: [], run: () => 0 };
    this.apply(model, [last], context);
    return model;
  }

  *#steps(model: Model, passes: readonly AnyPass<Context>[], context: Context): Generator<Changed, Change[], number> {
    const state: State<Context> = { model, context, within: [...passes, ...this.all('form')], said: new Set(), changes: [] };
    for (const pass of passes) yield* perform(pass, state, []);
    return state.changes;
  }
}

interface State<Context> {
  readonly model: Model;
  readonly context: Context;
  /** Passes that may be run for what they ensure. */
  readonly within: readonly AnyPass<Context>[];
  /** Conditions that a pass has ensured and none has broken since. */
  readonly said: Set<Condition>;
  readonly changes: Change[];
}

function* perform<Context>(
  pass: AnyPass<Context>,
  state: State<Context>,
  waiting: readonly AnyPass<Context>[],
): Generator<Changed, void, number> {
  const { model, context, said } = state;
  const { ensures, requires, breaks = [] } = pass;
  if (ensures.length > 0 && ensures.every((condition) => condition.holds?.(model))) return;
  const isMissing = (condition: Condition) => !said.has(condition) && !condition.holds?.(model);
  // What brings one condition about may break another: then that one is seen to again, though not for ever.
  let left = 2 * requires.length;
  for (let missing = requires.find(isMissing); missing; missing = requires.find(isMissing)) {
    const wanted = missing;
    const maker = state.within.find((other) => other.ensures.includes(wanted) && other !== pass && !waiting.includes(other));
    if (!maker || left-- === 0) throw unmet(pass, wanted, model);
    yield* perform(maker, state, [...waiting, pass]);
  }
  const changed = yield pass.run(model, context);
  for (const condition of breaks) said.delete(condition);
  for (const condition of ensures) said.add(condition);
  state.changes.push({ pass: pass.name, changed });
}

function unmet({ name }: AnyPass<never>, condition: Condition, model: Model): GraphError {
  return new GraphError({
    what: `The pass "${name}" needs a model of which this holds: ${condition.name}`,
    where: model.source,
    fix: 'Run a pass before it that ensures this, or add one to the table.',
  });
}
