import { Stopped } from '../../base/index.js';
import { Slots } from './slots.js';

/** What a trial is told that waited for others of its wave which will not come: it is to be run again another time. */
export class CutOff extends Stopped {
  constructor() {
    super('The study was stopped while a trial waited for the others of its wave');
  }
}

/**
 * Runs the trials of one wave side by side and lets them wait for each other at rungs. A waiting trial gives its slot to another, so that a wave
 * larger than the number of slots cannot lock up; what happens depends on the trials only, not on the number of slots.
 */
export class Wave {
  readonly #slots: Slots;
  /** The furthest step of each trial that has not ended. */
  readonly #reached: Map<number, number>;
  readonly #held = new Set<() => void>();
  #isCutShort = false;

  /** @param members the numbers of all trials that are to run in this wave. */
  constructor(members: readonly number[], concurrency: number) {
    this.#slots = new Slots(concurrency);
    this.#reached = new Map(members.map((number) => [number, -Infinity]));
  }

  /** Does all the work; resolves when every piece has ended. The work must not reject. */
  async run(work: (number: number) => Promise<void>): Promise<void> {
    await Promise.all(
      [...this.#reached.keys()].map(async (number) => {
        await this.#slots.acquire();
        try {
          await work(number);
        } finally {
          this.#slots.release();
          this.#reached.delete(number);
          this.#wake();
        }
      }),
    );
  }

  /** Notes how far a trial is. */
  reach(number: number, step: number): void {
    this.#reached.set(number, step);
    this.#wake();
  }

  /**
   * Waits until every trial has reached the rung or ended.
   * @throws CutOff once the wave is cut short, as some trials will then never get there.
   */
  async hold(rung: number): Promise<void> {
    if (!this.#isPast(rung)) {
      this.#slots.release();
      while (!this.#isPast(rung)) await new Promise<void>((resolve) => this.#held.add(resolve));
      await this.#slots.acquire();
    }
    if (this.#isCutShort) throw new CutOff();
  }

  /** Lets go of all that wait, now and later. */
  cutShort(): void {
    this.#isCutShort = true;
    this.#wake();
  }

  #isPast(rung: number): boolean {
    return this.#isCutShort || [...this.#reached.values()].every((step) => step >= rung);
  }

  #wake(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const resume of held) resume();
  }
}
