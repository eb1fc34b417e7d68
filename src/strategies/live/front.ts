import { type AnyMetric, worth } from '../../metrics/index.js';
import { type Direction, dominates, front } from '../../pareto/index.js';
import { broken, violations } from '../criteria/limits.js';
import { directionsOf, objectiveValue } from '../criteria/objectives.js';
import type { Limits, ModelInfo, ObjectiveName } from '../results/info.js';

/** What models of a run in progress are judged by. */
export interface Judging {
  baseline: ModelInfo;
  objectives: readonly ObjectiveName[];
  limits: Limits;
  metric: AnyMetric;
}

/**
 * Which models of a run are on its front so far, as `markFront` has it in the end, kept up to date model by model: one more costs as much as the front is long. Models are replaced,
 * never changed: whoever has one keeps it as it was.
 */
export class LiveFront {
  readonly #judging: Judging;
  readonly #directions: Direction[];
  readonly #replace: (model: ModelInfo) => void;
  #front: ModelInfo[] = [];

  /** @param replace is given each model whose place has changed, the one that is added among them. */
  constructor(judging: Judging, models: Iterable<ModelInfo>, replace: (model: ModelInfo) => void) {
    this.#judging = judging;
    this.#directions = directionsOf(judging.objectives, judging.metric);
    this.#replace = replace;
    const judged = [...models].map((model) => ({ before: model, now: this.#judged(model) }));
    const able = [this.#judged(judging.baseline), ...judged.map(({ now }) => now)].filter((model) => this.#isAble(model));
    const best = new Set(front(able, (model) => this.#values(model), this.#directions));
    for (const { before, now } of judged) {
      now.onFront = best.has(now);
      if (now.onFront !== before.onFront || now.breaks.join() !== before.breaks.join()) replace(now);
    }
    this.#front = [...best];
  }

  add(model: ModelInfo): void {
    const judged = this.#judged(model);
    const values = this.#isAble(judged) ? this.#values(judged) : undefined;
    judged.onFront = values !== undefined && !this.#front.some((other) => dominates(this.#values(other), values, this.#directions));
    this.#replace(judged);
    if (!judged.onFront || !values) return;
    const beaten = new Set(this.#front.filter((other) => dominates(values, this.#values(other), this.#directions)));
    for (const other of beaten) if (other.id !== this.#judging.baseline.id) this.#replace({ ...other, onFront: false });
    this.#front = [...this.#front.filter((other) => !beaten.has(other)), judged];
  }

  get size(): number {
    return this.#front.filter(({ id }) => id !== this.#judging.baseline.id).length;
  }

  #judged(model: ModelInfo): ModelInfo {
    const { limits, baseline, metric } = this.#judging;
    return { ...model, onFront: false, breaks: broken(violations(limits, model, baseline, metric)) };
  }

  #values(model: ModelInfo): number[] {
    return this.#judging.objectives.map((name) => objectiveValue(model, name));
  }

  /** Whether a model keeps the limits and beats guessing; where nothing is known of that, half as good as the baseline. */
  #isAble({ breaks, validation }: ModelInfo): boolean {
    const { baseline, metric } = this.#judging;
    const { value, chance } = baseline.validation;
    const guess = chance ?? (metric.direction === 'maximize' ? value / 2 : 2 * value || Number.MAX_VALUE);
    return breaks.length === 0 && worth(metric, validation.value) > worth(metric, guess);
  }
}
