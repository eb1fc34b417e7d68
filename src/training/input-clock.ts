/** Share of waiting, from 0 to 1, from which on the input is what a training takes its time for. */
const WORTH_SAYING = 0.03;

/** Measures how long the runtime has nothing to do because the next batch is not there yet. */
export class InputClock {
  readonly #now: () => number;
  #running = 0;
  #waited = 0;
  #computed = 0;
  /** When the runtime last began or ended a run of steps without a gap. */
  #since: number | undefined;

  /** @param now milliseconds from any beginning. */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** A step is handed over. */
  begin(): void {
    const now = this.#now();
    if (this.#running++ > 0) return;
    if (this.#since !== undefined) this.#waited += now - this.#since;
    this.#since = now;
  }

  /** A step has ended. */
  end(): void {
    const now = this.#now();
    this.#running--;
    this.#computed += now - (this.#since ?? now);
    this.#since = now;
  }

  /** What follows is no waiting for input: an evaluation, say. */
  pause(): void {
    this.#since = undefined;
  }

  /** Share of the time so far, in [0, 1]. */
  get waiting(): number {
    const all = this.#waited + this.#computed;
    return all === 0 ? 0 : this.#waited / all;
  }
}

/** What to say of it while training, where there is something to say. */
export function slowInput(waiting: number): Record<string, string> {
  return waiting > WORTH_SAYING ? { 'waiting for input': `${Math.round(100 * waiting)}%` } : {};
}
