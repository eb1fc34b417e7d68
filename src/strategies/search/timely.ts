import type { MayTry, Point } from '../../automation/index.js';
import type { Expected } from '../models/expected.js';
import type { Plan } from '../plan/strategy.js';
import type { Clock } from './clock.js';

/** What it is judged by whether there is time for a recipe. */
export interface TimelyNeeds {
  expected: Expected;
  plan: Pick<Plan, 'recipe' | 'work'>;
  clock: Pick<Clock, 'left'>;
  /** Trials side by side. */
  jobs: number;
  /** Whether any trial has ended, in this run or an earlier one. */
  hasTried(): boolean;
}

/** Begins only what is likely to end while there is time, and learns from how long each trial takes. */
export class Timely {
  readonly #needs: TimelyNeeds;
  /** When those that run were begun. */
  readonly #running = new Map<Point, number>();
  #takesChances = false;

  constructor(timelyNeeds: TimelyNeeds) {
    this.#needs = timelyNeeds;
  }

  /** Where nothing was tried yet, the first recipe is, whatever it takes: a search that tries nothing is of no use. */
  readonly mayTry: MayTry = (point, pending) => {
    const { clock, jobs, hasTried } = this.#needs;
    if (pending.length === 0 && this.#running.size === 0 && !hasTried()) return true;
    const left = clock.left() / 1000;
    const { seconds, atMost } = this.#of(point);
    const cost = this.#takesChances ? seconds : atMost;
    const before = pending.reduce((sum, each) => sum + this.#leftOf(each), 0);
    return cost <= left && (before + cost) / jobs <= left;
  };

  /** Once nothing else fits: from now on what is as likely to end in time as not is begun, too. @returns whether that is news. */
  takeChances(): boolean {
    const isNew = !this.#takesChances;
    this.#takesChances = true;
    return isNew;
  }

  /** Times a trial. */
  async timed<T>(point: Point, work: () => Promise<T>): Promise<T> {
    const expectation = this.#of(point);
    const begun = performance.now();
    this.#running.set(point, begun);
    try {
      const result = await work();
      this.#needs.expected.learn(expectation, (performance.now() - begun) / 1000);
      return result;
    } finally {
      this.#running.delete(point);
    }
  }

  #of(point: Point) {
    const { expected, plan } = this.#needs;
    return expected.of(plan.recipe(point), plan.work?.(point));
  }

  #leftOf(point: Point): number {
    const begun = this.#running.get(point);
    const { seconds } = this.#of(point);
    return begun === undefined ? seconds : Math.max(0, seconds - (performance.now() - begun) / 1000);
  }
}
