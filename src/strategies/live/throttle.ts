/** Milliseconds between two of one kind. */
const EVERY = 1000;

/** Lets one in a second of each kind through: the first at once, and of those that come too soon the latest when the second is over. */
export class Throttle<Each> {
  readonly #pass: (each: Each) => void;
  readonly #passed = new Map<string, number>();
  readonly #waiting = new Map<string, Each>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(pass: (each: Each) => void) {
    this.#pass = pass;
  }

  add(kind: string, each: Each): void {
    const now = performance.now();
    if (now - (this.#passed.get(kind) ?? Number.NEGATIVE_INFINITY) >= EVERY) {
      this.#waiting.delete(kind);
      this.#passed.set(kind, now);
      this.#pass(each);
      return;
    }
    this.#waiting.set(kind, each);
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.flush(), EVERY);
    // Nobody need wait for it: in Node such a timer would keep the process.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** Lets through what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [kind, each] of this.#waiting) {
      this.#passed.set(kind, performance.now());
      this.#pass(each);
    }
    this.#waiting.clear();
  }
}
