import type { Output } from './output.js';
import { harmless } from './terminal.js';

/** Milliseconds between two texts where stdout is no terminal that could show them in one place. */
const EVERY = 10_000;

/** A text that changes: in a terminal each takes the place of the one before it, elsewhere one is printed now and then. */
export class Screen {
  readonly #output: Output;
  #lines = 0;
  #shown: number | undefined;
  #last = '';

  constructor(output: Output) {
    this.#output = output;
  }

  show(draw: (width: number, color: boolean) => string): void {
    const { width, color } = this.#output;
    const isTerminal = process.stdout.isTTY === true;
    const now = performance.now();
    if (!isTerminal && this.#shown !== undefined && now - this.#shown < EVERY) return;
    const text = harmless(draw(width - 1, color), color);
    if (text === this.#last) return;
    const back = isTerminal && this.#lines > 0 ? `\x1b[${this.#lines}A\x1b[J` : '';
    const most = isTerminal ? (process.stdout.rows ?? 24) - 1 : Number.POSITIVE_INFINITY;
    // What is above the first row cannot be replaced any more.
    const lines = text.split('\n').slice(0, most);
    process.stdout.write(`${back}${lines.join('\n')}\n${isTerminal ? '' : '\n'}`);
    [this.#lines, this.#shown, this.#last] = [lines.length, now, text];
  }
}
