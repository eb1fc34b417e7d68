import type { Message, ProgressEvent } from '../base/index.js';
import { Progress } from './progress.js';
import { harmless, harmlessJson, say } from './terminal.js';

/** How long work goes unmentioned, in milliseconds: what is quick needs no bar. */
const QUIET_MS = 2000;
/** Time between plain progress lines where stderr is no terminal, in milliseconds. */
const PLAIN_EVERY_MS = 10_000;
/** Time between redrawn bars, in milliseconds. */
const REDRAW_MS = 100;

/** Characters of a message. */
const LONGEST = 600;

export interface OutputOptions {
  json: boolean;
  quiet: boolean;
}

/** Of this process: stdout carries one document at most. */
let printed = false;

/** Whether stdout has a command's result already. */
export function resultWasPrinted(): boolean {
  return printed;
}

/** A JSON document that says what it is: "espalier/KIND@VERSION". The version rises when a field changes its meaning, not when one is added. */
export function jsonDocument(kind: string, value: object): string {
  return `${harmlessJson({ schema: `espalier/${kind}@1`, ...value })}\n`;
}

/**
 * What commands print: results on stdout, everything else (messages, progress) on stderr. With --json stdout carries one JSON document; with
 * --quiet stderr carries errors only.
 */
export class Output {
  readonly #kind: string;
  readonly #options: OutputOptions;
  readonly #progress = new Progress();
  /** When progress was first reported. */
  #began: number | undefined;
  /** When a bar was last drawn and a plain line last printed. */
  #drawn = 0;
  #said: number | undefined;
  #isBarShown = false;

  /** @param kind of its JSON document: the command's name. */
  constructor(kind: string, options: OutputOptions) {
    this.#kind = kind;
    this.#options = options;
  }

  get isJson(): boolean {
    return this.#options.json;
  }

  /** Whether colours are welcome on stdout. */
  get color(): boolean {
    return process.stdout.isTTY === true && !process.env.NO_COLOR && !this.#options.json;
  }

  /** Columns that a table may take. */
  get width(): number {
    return process.stdout.columns ?? 120;
  }

  /** The command's result: a text for people, or the value as a JSON document, whose kind is the command's unless it carries a schema itself. */
  result(value: object, text: string): void {
    this.clear();
    printed = true;
    const shown = this.#options.json ? jsonDocument(this.#kind, value) : harmless(text, this.color);
    process.stdout.write(shown.endsWith('\n') ? shown : `${shown}\n`);
  }

  /** One line of JSON of many, for commands that tell of things as they happen. */
  line(value: object): void {
    printed = true;
    process.stdout.write(`${harmlessJson(value, 0)}\n`);
  }

  readonly message = ({ level, text }: Message): void => {
    if (this.#options.quiet) return;
    this.clear();
    say(`${level === 'warning' ? 'warning: ' : ''}${clipped(text)}\n`);
  };

  /** Something that went wrong and does not end the command: it is said with --quiet as well. */
  error(text: string): void {
    this.clear();
    say(`error: ${clipped(text)}\n`);
  }

  info(text: string): void {
    this.message({ level: 'info', text });
  }

  readonly progress = (event: ProgressEvent): void => {
    if (this.#options.quiet) return;
    const now = performance.now();
    this.#progress.add(event, now);
    this.#began ??= now;
    if (now - this.#began < QUIET_MS) return;
    if (process.stderr.isTTY) this.#draw(now);
    else if (now - (this.#said ?? Number.NEGATIVE_INFINITY) >= PLAIN_EVERY_MS) this.#say(now);
  };

  /** Removes the progress bar, so that other text can be printed. */
  clear(): void {
    if (this.#isBarShown) process.stderr.write('\r\x1b[2K');
    this.#isBarShown = false;
    this.#drawn = 0;
  }

  #draw(now: number): void {
    if (now - this.#drawn < REDRAW_MS) return;
    this.#drawn = now;
    this.#isBarShown = true;
    const line = harmless(this.#progress.line(now, true)).replaceAll('\n', ' ');
    process.stderr.write(`\r\x1b[2K${line.slice(0, (process.stderr.columns || 80) - 1)}`);
  }

  #say(now: number): void {
    const line = this.#progress.line(now, false);
    if (line === '') return;
    this.#said = now;
    say(`${line}\n`);
  }
}

/** A remark that lists a hundred layers says no more to a person than one that lists ten. JSON documents hold all of it. */
export function clipped(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST).replace(/[\s,;]*\S*$/, '')} … (--json has all of it)`;
}
