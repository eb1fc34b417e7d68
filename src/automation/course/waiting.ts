/** Milliseconds that a timer can wait; with more it would not wait at all. */
const LONGEST = 2 ** 31 - 1;

/** Lets those wait that depend on what others do. */
export class Waiting {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next `wake`, or when the time is over. @param milliseconds default: no time is ever over. */
  async change(milliseconds = Number.POSITIVE_INFINITY): Promise<void> {
    await new Promise<void>((resolve) => {
      const resume = () => {
        clearTimeout(timer);
        this.#waiting.delete(resume);
        resolve();
      };
      const timer = Number.isFinite(milliseconds) ? setTimeout(resume, Math.min(milliseconds, LONGEST)) : undefined;
      this.#waiting.add(resume);
    });
  }

  wake(): void {
    for (const resume of [...this.#waiting]) resume();
  }
}
