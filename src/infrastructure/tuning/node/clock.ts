import type { ProgressListener } from '../../../base/index.js';

/** Rounds in which programs of the search take turns. */
export const ROUNDS = 9;

/** What is kept back for the last comparisons, in programs of the search. */
const RESERVE = 6;

/** The time that a search has, and what of it a program takes. */
export class Clock {
  readonly #start = performance.now();
  readonly #budget: number;
  readonly #listener: ProgressListener | undefined;
  /** Milliseconds of a program: to build it and to let it take its turns. */
  #perProgram: number | undefined;
  #facts: Record<string, number> = {};
  #left = 0;

  /** @param budget milliseconds. */
  constructor(budget: number, listener: ProgressListener | undefined) {
    this.#budget = budget;
    this.#listener = listener;
  }

  get seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  /** How many programs there is time for, at most `wanted`; a few the first time, when nobody knows what they take. */
  programs(wanted: number): number {
    if (this.#perProgram === undefined) return Math.min(2, wanted);
    const left = this.#budget - 1000 * this.seconds - RESERVE * this.#perProgram;
    return Math.max(0, Math.min(wanted, Math.floor(left / this.#perProgram) - 1));
  }

  /**
   * How many rounds there is time for in a comparison of two programs.
   * @param most fewer where the time is short. @param share of what is left, in (0, 1].
   */
  rounds(most: number, share: number): number {
    const left = share * Math.max(0, this.#budget - 1000 * this.seconds);
    const perRound = (this.#perProgram ?? 0) / ROUNDS;
    return Math.max(ROUNDS, Math.min(most, Math.floor(left / (2 * perRound))));
  }

  get isOver(): boolean {
    return 1000 * this.seconds >= this.#budget;
  }

  /** Takes note of what some programs took. @param since when they began, in seconds. @param ahead programs that are still to come, if nothing better is found. */
  took(programs: number, since: number, ahead: number, facts: Record<string, number>): void {
    this.#perProgram = (1000 * (this.seconds - since)) / programs;
    this.#left = ahead;
    this.#facts = facts;
    this.tick();
  }

  /** Says how far the search is: in seconds, of those that it will take as far as one knows. */
  readonly tick = (): void => {
    const ahead = this.#perProgram === undefined ? Number.POSITIVE_INFINITY : (this.#left + RESERVE) * this.#perProgram;
    const expected = Math.min(this.#budget, 1000 * this.seconds + ahead);
    const total = Math.max(Math.ceil(expected / 1000), Math.ceil(this.seconds));
    this.#listener?.({ task: 'tune', done: Math.min(this.seconds, total), total, facts: this.#facts });
  };
}
