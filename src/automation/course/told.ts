import { OptionError } from '../../base/index.js';
import { asJson, type Json } from '../json.js';
import { readOutcome, readReport } from '../outcome.js';
import { kinds } from '../state.js';
import type { Outcome, TrialFailure } from '../trial.js';
import type { Book } from './book.js';

/** Values of one trial that differ by more than this, relative to the larger, differ by more than rounding. */
const ROUNDING = 1e-6;

/** What those say that run trials: signs of life, reports, and what came of each. */
export class Told {
  readonly #book: Book;

  constructor(book: Book) {
    this.#book = book;
  }

  /** A sign of life of whoever runs a trial. @throws OptionError where it is not handed out. */
  heartbeat(number: number): void {
    this.#book.requireOut(number);
    this.#book.leases.renew(number);
  }

  /** Gives a trial back that was not run: another one gets it. */
  handBack(number: number): void {
    this.#book.leases.end(number);
    this.#book.waiting.wake();
  }

  /**
   * Writes a report down. @throws OptionError for a step that is not above the last, for what is no number and no list of one per direction, and for a trial that
   * is not handed out.
   */
  report(number: number, step: number, outcome: Outcome): Promise<void> {
    const where = `trial ${number}`;
    this.#book.requireOut(number);
    const last = this.#book.state.trials[number].reports.at(-1)?.step ?? -Infinity;
    if (!Number.isFinite(step) || step <= last) {
      throw new OptionError({ what: 'Steps must be finite and increase', where, expected: `a step above ${last}`, got: String(step) });
    }
    const { value, ...more } = readReport(outcome, this.#book.settings.header.directions.length, where);
    this.heartbeat(number);
    const written = this.#book.write(kinds.report, { number, step, value: Number.isFinite(value) ? value : null, ...more });
    this.#book.waiting.wake();
    return written;
  }

  /**
   * Writes down how a trial ended. The first to say so wins: a later outcome is compared with it, and kept and said where it differs beyond rounding.
   * @returns whether this was the first.
   * @throws DataError for an outcome that cannot be compared; OptionError for attributes that are not plain JSON, or a trial that was never asked.
   */
  async tell(number: number, outcome: Outcome, attributes: Readonly<Record<string, unknown>> = {}): Promise<boolean> {
    const { header, judge } = this.#book.settings;
    const result = readOutcome(outcome, header.directions.length);
    const kept = asJson(attributes, 'attributes') as Readonly<Record<string, Json>>;
    const violations = judge ? judge({ values: result.values, attributes: kept }) : result.violations;
    const ending = { values: result.values, ...(violations && { violations }), attributes: kept };
    const { state, values } = this.#book.asked(number);
    if (state === 'running') return this.#end(kinds.told, number, ending);
    if (state === 'completed' && values?.every((value, index) => isClose(value, result.values[index]))) return false;
    const text = `Trial ${number} was told twice: ${values?.join(', ') ?? state} first, then ${result.values.join(', ')}. The first counts.`;
    this.#book.settings.activity.onMessage?.({ level: 'warning', text });
    await this.#book.write(kinds.differs, { number, values: result.values });
    return false;
  }

  /** Writes down that a trial was given up on a stopper's word. @returns whether nobody had said how it ended. */
  async giveUp(number: number, attributes: Readonly<Record<string, unknown>> = {}): Promise<boolean> {
    if (this.#book.asked(number).state !== 'running') return false;
    return this.#end(kinds.stopped, number, { attributes: asJson(attributes, 'attributes') });
  }

  /** Writes down that a trial failed. @returns whether nobody had said how it ended. @throws OptionError for attributes that are not plain JSON. */
  async fail(number: number, error: TrialFailure, attributes: Readonly<Record<string, unknown>> = {}): Promise<boolean> {
    if (this.#book.asked(number).state !== 'running') return false;
    const { name, message } = error;
    return this.#end(kinds.failed, number, { error: { name, message }, attributes: asJson(attributes, 'attributes') });
  }

  /** Writes down that the machine failed during a trial. */
  broke(number: number): Promise<void> {
    return this.#book.write(kinds.broke, { number });
  }

  async #end(kind: string, number: number, fields: Readonly<Record<string, Json>>): Promise<boolean> {
    const written = this.#book.write(kind, { number, ...fields });
    this.#book.leases.end(number);
    this.#book.waiting.wake();
    await written;
    return true;
  }
}

function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= ROUNDING * Math.max(Math.abs(a), Math.abs(b));
}
