import { checkOptions, needs, type Recipe, type TechniqueRegistry } from '../../technique/index.js';
import type { Task } from '../../training/index.js';
import type { Pace } from './pace.js';

/** What the time of recipes is estimated from. */
export interface ExpectedNeeds {
  pace: Pace;
  task: Task;
  registry: TechniqueRegistry;
  /** Epochs of a full training. */
  epochs: number;
  /** Samples of an epoch. Default: the whole training part. */
  samples?: number;
  /** Whether the model that these steps make is there already. Default: never. */
  isMade?(steps: Recipe): boolean;
}

/** What a recipe is expected to take. */
export interface Expectation {
  /** As it was learned from what others took. */
  seconds: number;
  /** What it is unlikely to take longer than. */
  atMost: number;
  /** Of each step that is yet to be made: by the pace alone. */
  parts: readonly { technique: string; seconds: number }[];
}

/** Seconds that a step takes besides its runs: graphs are rewritten, compiled, written to the disk. */
const AROUND = 0.6;
/** Up to so many times what is expected may be needed, of a technique that was tried in this run, and of one that was not. */
const KNOWN = 1.2;
const UNKNOWN = 1.4;
/** How much what was expected counts beside what was seen, in seconds: a single quick trial does not overrule it. */
const WEIGHT = 1;

/**
 * What recipes will take on this machine: from the pace of the baseline, the numbers of samples and epochs, and how much more or less than that those took that were tried.
 */
export class Expected {
  readonly #needs: ExpectedNeeds;
  /** Seconds that were expected and seen, by technique, and of all under ''. */
  readonly #seen = new Map<string, { expected: number; took: number }>();

  constructor(expectedNeeds: ExpectedNeeds) {
    this.#needs = expectedNeeds;
  }

  /**
   * @param work multiply-accumulates of the recipe's model beside those of the model that was timed. Default 1.
   * @param isMade whether these steps are made besides those that are there. Default: none are.
   */
  of(recipe: Recipe, work = 1, isMade: (steps: Recipe) => boolean = () => false): Expectation {
    const parts = recipe.flatMap((step, i) => {
      const steps = recipe.slice(0, i + 1);
      if (isMade(steps) || this.#needs.isMade?.(steps)) return [];
      return [{ technique: step.technique, seconds: this.#secondsOf(step, work) }];
    });
    const likely = parts.map(({ technique, seconds }) => ({ technique, seconds: seconds * this.#factor(technique, seconds) }));
    const total = (margin: (technique: string) => number) =>
      likely.reduce((sum, { technique, seconds }) => sum + margin(technique) * seconds, 0);
    return { seconds: total(() => 1), atMost: total((technique) => (this.#seen.has(technique) ? KNOWN : UNKNOWN)), parts };
  }

  /**
   * Seconds of recipes that are tried one after the other: what several begin with is made once.
   * @param made what is made already.
   */
  inTurn(recipes: readonly { recipe: Recipe; work?: number }[], made: Recipe = []): number[] {
    const keyOf = (steps: Recipe) => JSON.stringify(steps);
    const known = new Set(made.map((_, i) => keyOf(made.slice(0, i + 1))));
    return recipes.map(({ recipe, work }) => {
      const { seconds } = this.of(recipe, work, (steps) => known.has(keyOf(steps)));
      for (const [i] of recipe.entries()) known.add(keyOf(recipe.slice(0, i + 1)));
      return seconds;
    });
  }

  /** Learns from a recipe that was tried. */
  learn({ parts }: Expectation, took: number): void {
    const all = parts.reduce((sum, { seconds }) => sum + seconds, 0);
    if (all === 0) return;
    for (const { technique, seconds } of parts) {
      for (const name of [technique, '']) {
        const { expected = 0, took: before = 0 } = this.#seen.get(name) ?? {};
        this.#seen.set(name, { expected: expected + seconds, took: before + (took * seconds) / all });
      }
    }
  }

  /**
   * What was seen of a technique beside what was expected; of one that was not tried what was seen of all, as far as that is more than a little beside what is expected of this one: what
   * short ones take longer says little of long ones.
   */
  #factor(technique: string, seconds: number): number {
    const own = this.#seen.get(technique);
    const { expected, took } = own ?? this.#seen.get('') ?? { expected: 0, took: 0 };
    const weight = own ? WEIGHT : Math.max(WEIGHT, seconds);
    return (took + weight) / (expected + weight);
  }

  #secondsOf({ technique: name, options }: Recipe[number], work: number): number {
    const { pace, task, registry, epochs } = this.#needs;
    const technique = registry.get(name);
    const checked = checkOptions(technique, options);
    const { train, validation } = task.splits;
    const { samples = train.size } = this.#needs;
    const asked = typeof checked.epochs === 'number' ? checked.epochs : epochs * (technique.needs.training ?? 1);
    const trained = needs(technique, 'gradients', checked) ? asked : 0;
    const { forward, training = 0, setup } = pace;
    const answered = technique.needs.answers?.(checked, validation.size) ?? 0;
    const measured = technique.isTransient ? 0 : validation.size;
    const stepCost = technique.needs.stepCost ?? 1;
    const running = trained * (samples * training * stepCost + validation.size * forward) + (answered + measured) * forward;
    return work * running + (trained > 0 ? setup : 0) + (technique.isTransient ? 0 : AROUND);
  }
}
