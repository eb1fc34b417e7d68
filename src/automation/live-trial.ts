import { type Activity, nested, OptionError, Stopped } from '../base/index.js';
import type { Json } from './json.js';
import type { Stopper } from './stoppers/index.js';
import type { History, Trial, TrialRecord } from './trial.js';

/** What a running trial needs of its study. */
export interface TrialHost {
  readonly signal: AbortSignal;
  readonly activity: Activity;
  readonly stopper: Stopper | undefined;
  /** The trial as it is now. */
  record(number: number): TrialRecord;
  /** Writes a report down. */
  report(number: number, step: number, value: number): void;
  /** What the stopper may see, once every trial of the wave has got to the rung; without a rung at once. */
  historyAt(number: number, rung: number | undefined): Promise<History>;
}

/** A trial while its objective runs. */
export class LiveTrial implements Trial {
  readonly number: number;
  readonly seed: number;
  readonly activity: Activity;
  readonly attributes: Record<string, Json> = {};
  readonly #host: TrialHost;
  #judgedRung = -Infinity;
  #hasEnded = false;

  constructor({ number, seed }: TrialRecord, host: TrialHost) {
    this.number = number;
    this.seed = seed;
    this.#host = host;
    this.activity = { ...nested(host.activity, `trial ${number}`), signal: host.signal };
  }

  get signal(): AbortSignal {
    return this.#host.signal;
  }

  report(step: number, value: number): void {
    const where = `trial ${this.number}`;
    if (this.#hasEnded) throw new OptionError({ what: 'A report came after the trial had ended', where });
    const last = this.#host.record(this.number).reports.at(-1)?.step ?? -Infinity;
    if (!Number.isFinite(step) || step <= last) {
      throw new OptionError({ what: 'Steps must be finite and increase', where, expected: `a step above ${last}`, got: String(step) });
    }
    if (typeof value !== 'number') throw new OptionError({ what: 'A report must be a number', where, got: typeof value });
    this.#host.report(this.number, step, value);
  }

  async shouldStop(): Promise<boolean> {
    const { stopper, signal } = this.#host;
    if (signal.aborted) throw new Stopped('The study was stopped');
    const last = this.#host.record(this.number).reports.at(-1);
    if (!stopper || !last) return false;
    let rung: number | undefined;
    if (stopper.rungAt) {
      rung = stopper.rungAt(this.#host.record(this.number), last.step);
      if (rung === undefined || rung <= this.#judgedRung) return false;
      this.#judgedRung = rung;
    }
    const history = await this.#host.historyAt(this.number, rung);
    return stopper.shouldStop(this.#host.record(this.number), last.step, last.value, history);
  }

  end(): void {
    this.#hasEnded = true;
  }
}
