import type { Message, ProgressEvent } from '../base/index.js';

/** How long a task goes unmentioned, in milliseconds: quick work needs no bar. */
const QUIET_MS = 2000;
/** Time between plain progress lines where stderr is no terminal, in milliseconds. */
const PLAIN_EVERY_MS = 10_000;
/** Time between redrawn bars, in milliseconds. */
const REDRAW_MS = 100;

export interface OutputOptions {
  json: boolean;
  quiet: boolean;
}

/**
 * What commands print: results on stdout, everything else (messages, progress) on stderr. With --json stdout carries one JSON document; with
 * --quiet stderr carries errors only.
 */
export class Output {
  readonly #options: OutputOptions;
  readonly #tasks = new Map<string, { started: number; last: ProgressEvent }>();
  #drawn = 0;
  #said = 0;

  constructor(options: OutputOptions) {
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

  /** The command's result: a text for people, or the value as JSON. */
  result(value: unknown, text: string): void {
    this.clear();
    process.stdout.write(this.#options.json ? `${JSON.stringify(value, null, 2)}\n` : text.endsWith('\n') ? text : `${text}\n`);
  }

  readonly message = ({ level, text }: Message): void => {
    if (this.#options.quiet) return;
    this.clear();
    process.stderr.write(level === 'warning' ? `warning: ${text}\n` : `${text}\n`);
  };

  info(text: string): void {
    this.message({ level: 'info', text });
  }

  readonly progress = (event: ProgressEvent): void => {
    if (this.#options.quiet) return;
    const now = performance.now();
    const task = this.#tasks.get(event.task) ?? { started: now, last: event };
    task.last = event;
    this.#tasks.set(event.task, task);
    if (event.total !== undefined && event.done >= event.total) this.#tasks.delete(event.task);
    if (now - task.started < QUIET_MS) return;
    if (process.stderr.isTTY) this.#draw(event, task.started, now);
    else if (now - this.#said >= PLAIN_EVERY_MS) {
      this.#said = now;
      process.stderr.write(`${this.#line(event, task.started, now, false)}\n`);
    }
  };

  /** Removes the progress bar, so that other text can be printed. */
  clear(): void {
    if (this.#drawn > 0 && process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
    this.#drawn = 0;
  }

  #draw(event: ProgressEvent, started: number, now: number): void {
    if (now - this.#drawn < REDRAW_MS && !(event.total !== undefined && event.done >= event.total)) return;
    this.#drawn = now;
    const line = this.#line(event, started, now, true);
    process.stderr.write(`\r\x1b[2K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  }

  #line({ task, done, total, facts = {} }: ProgressEvent, started: number, now: number, bar: boolean): string {
    const study = this.#tasks.get('study')?.last;
    const head = study && task !== 'study' ? `[${study.done}/${study.total ?? '?'}] ` : '';
    const share = total ? done / total : undefined;
    const left = share && share < 1 ? ((now - started) / share) * (1 - share) : undefined;
    const parts = [
      `${head}${task}`,
      share === undefined ? String(done) : `${bar ? `${drawBar(share)} ` : ''}${Math.round(100 * share)}%`,
      ...Object.entries(facts).map(([name, value]) => `${name} ${typeof value === 'number' ? shorten(value) : value}`),
      ...(left === undefined ? [] : [`${duration(left / 1000)} left`]),
    ];
    return parts.join('  ');
  }
}

function drawBar(share: number): string {
  const width = 20;
  const full = Math.round(share * width);
  return `${'━'.repeat(full)}${'╌'.repeat(width - full)}`;
}

function shorten(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
}

/** "12 s", "3 min 20 s", "2 h 5 min". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ''}`;
  return `${Math.floor(whole / 3600)} h${Math.floor((whole % 3600) / 60) ? ` ${Math.floor((whole % 3600) / 60)} min` : ''}`;
}
