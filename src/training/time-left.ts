import { mean } from '../base/index.js';

/** Steps of which the latest say how long one takes. */
const RECENT = 200;

/**
 * How long a training will take yet, by what its steps took, and by what went by between its epochs, where it is judged. The first step, in which memory is laid
 * out, counts for itself alone.
 */
export class TimeLeft {
  readonly #epochs: number;
  readonly #now: () => number;
  readonly #steps: number[] = [];
  readonly #pauses: number[] = [];
  #last: { epoch: number; at: number } | undefined;
  #epoch = 1;

  /** @param now gives milliseconds. */
  constructor(epochs: number, now: () => number = () => performance.now()) {
    this.#epochs = epochs;
    this.#now = now;
  }

  /** A step is done. @returns seconds that are left, undefined while nothing is known. */
  step(epoch: number, done: number, total: number): number | undefined {
    const at = this.#now();
    if (this.#last) {
      const took = at - this.#last.at;
      const typical = this.#steps.length > 0 ? mean(this.#steps) : took;
      if (epoch === this.#last.epoch) this.#steps.push(took);
      else this.#pauses.push(Math.max(0, took - typical));
      if (this.#steps.length > RECENT) this.#steps.shift();
    }
    this.#last = { epoch, at };
    this.#epoch = epoch;
    if (this.#steps.length === 0) return undefined;
    const pauses = this.#pauses.length > 0 ? mean(this.#pauses) : 0;
    return (mean(this.#steps) * (total - done) + pauses * (this.#epochs - this.#epoch + 1)) / 1000;
  }
}
