import { OptionError } from '../../base/index.js';
import type { Json } from '../json.js';
import type { StudySettings } from '../settings.js';
import type { StudyState } from '../state.js';
import type { TrialRecord } from '../trial.js';
import { Leases } from './leases.js';
import { Waiting } from './waiting.js';

/** What is known of a study in its course, and how more is written down. */
export class Book {
  readonly settings: StudySettings;
  readonly state: StudyState;
  readonly leases: Leases;
  /** Woken when something was told, reported or handed back, and when the course is closed. */
  readonly waiting = new Waiting();
  /** Set once the run is over before its end, to what those are told that ask. */
  closed: { readonly cause: unknown } | undefined;

  constructor(settings: StudySettings, state: StudyState) {
    this.settings = settings;
    this.state = state;
    this.leases = new Leases(settings.leaseMs);
  }

  /** The first cause counts. */
  close(cause: unknown): void {
    this.closed ??= { cause };
    this.waiting.wake();
  }

  /** Writes a record of this study; once that fails, the run is over. */
  async write(kind: string, fields: { readonly [field: string]: Json }): Promise<void> {
    const data = { study: this.settings.header.study, ...fields };
    const written = this.settings.storage.record(kind, data);
    this.state.apply({ kind, data });
    try {
      await written;
    } catch (cause) {
      this.close(cause);
      throw cause;
    }
  }

  /** @throws OptionError where there is no such trial. */
  asked(number: number): TrialRecord {
    const trial = this.state.trials[number];
    if (trial) return trial;
    throw new OptionError({ what: 'There is no such trial', where: this.where, got: String(number) });
  }

  /** @throws OptionError for a trial that is not handed out. */
  requireOut(number: number): void {
    if (this.asked(number).state === 'running' && this.leases.has(number)) return;
    throw new OptionError({ what: 'This trial is not handed out: it has ended, or went to another', where: `trial ${number}` });
  }

  get where(): string {
    return `study "${this.settings.header.study}"`;
  }
}
