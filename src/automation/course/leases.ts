/** Which trials are handed out, each until its owner gives no sign of life for so long. */
export class Leases {
  readonly #milliseconds: number;
  /** When each counts as given up, in milliseconds of `performance.now()`. */
  readonly #ends = new Map<number, number>();

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  renew(number: number): void {
    this.#ends.set(number, performance.now() + this.#milliseconds);
  }

  end(number: number): void {
    this.#ends.delete(number);
  }

  clear(): void {
    this.#ends.clear();
  }

  /** Whether a trial was handed out and neither ended nor handed back, be its time over or not. */
  has(number: number): boolean {
    return this.#ends.has(number);
  }

  /** Whether a trial is handed out, and gave a sign of life in time. */
  isOut(number: number): boolean {
    return (this.#ends.get(number) ?? Number.NEGATIVE_INFINITY) > performance.now();
  }

  /** Milliseconds after which to look again for a lease that has run out: until the next one does, and at most as long as a lease lasts, for one may have done so since the last look. */
  get next(): number {
    const now = performance.now();
    return Math.min(this.#milliseconds, ...[...this.#ends.values()].filter((time) => time > now).map((time) => time - now + 1));
  }
}
