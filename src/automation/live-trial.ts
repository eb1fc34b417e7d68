import { type Activity, nested, OptionError, Stopped } from '../base/index.js';
import type { Json } from './json.js';
import type { AskedTrial, Outcome, Trial } from './trial.js';

/** What a running trial needs of its study. */
export interface TrialHost {
  readonly signal: AbortSignal;
  readonly activity: Activity;
  /** Writes a report down. @throws OptionError for one that cannot be. */
  report(number: number, step: number, outcome: Outcome): Promise<void>;
  /** Whether the stopper gives a trial up. May wait for others of its wave. */
  shouldStop(number: number): Promise<boolean>;
}

/** A trial while its objective runs. */
export class LiveTrial implements Trial {
  readonly number: number;
  readonly seed: number;
  readonly activity: Activity;
  readonly attributes: Record<string, Json> = {};
  readonly #host: TrialHost;
  #hasEnded = false;

  constructor({ number, seed }: AskedTrial, host: TrialHost) {
    this.number = number;
    this.seed = seed;
    this.#host = host;
    this.activity = { ...nested(host.activity, `trial ${number}`), signal: host.signal };
  }

  get signal(): AbortSignal {
    return this.#host.signal;
  }

  report(step: number, outcome: Outcome): void {
    if (this.#hasEnded) throw new OptionError({ what: 'A report came after the trial had ended', where: `trial ${this.number}` });
    // A report that cannot be written ends the run by itself; the objective need not wait for it.
    this.#host.report(this.number, step, outcome).catch(() => undefined);
  }

  async shouldStop(): Promise<boolean> {
    if (this.signal.aborted) throw new Stopped('The study was stopped');
    return this.#host.shouldStop(this.number);
  }

  end(): void {
    this.#hasEnded = true;
  }
}
