import { FormatError } from '../base/index.js';
import type { Direction } from '../pareto/index.js';
import { canonicalText, type Json } from './json.js';
import type { Point, SpaceDefinition } from './parameters.js';
import { checkRecord } from './records.js';
import type { JournalRecord } from './storages/index.js';
import type { Report, TrialRecord } from './trial.js';

/** What fixes a study's course; the journal's first record of it. */
export interface StudyHeader {
  /** The study's name within its journal. */
  readonly study: string;
  /** Of the journal's format. */
  readonly version: number;
  readonly space: SpaceDefinition;
  readonly seed: number;
  readonly directions: readonly Direction[];
  readonly reportDirection: Direction;
  readonly waveSize: number;
  readonly sampler: { readonly name: string; readonly options: { readonly [option: string]: Json } };
  readonly stopper: { readonly name: string; readonly options: { readonly [option: string]: Json } } | null;
  readonly initialPoints: readonly Point[];
}

export const journalVersion = 1;

/** The kinds of record that studies write. */
export const kinds = {
  header: 'study',
  asked: 'trial.asked',
  /** An asked trial is begun for the first time. */
  begun: 'trial.begun',
  /** An asked trial begins again: what it reported before counts no more. */
  again: 'trial.again',
  /** The machine failed during a trial, and the run ended. */
  broke: 'trial.broke',
  report: 'trial.report',
  told: 'trial.told',
  stopped: 'trial.stopped',
  failed: 'trial.failed',
  /** A trial that had ended was told other values. */
  differs: 'trial.differs',
  /** The wave ends before this trial: what nobody had begun of it is proposed anew. */
  cut: 'wave.cut',
  /** A point that somebody wants to be tried. */
  queued: 'point.queued',
  /** Constraints were changed: by how much each trial violates them now. */
  rejudged: 'trials.rejudged',
} as const;

const studyKinds: ReadonlySet<string> = new Set(Object.values(kinds));

type Fields = { readonly [field: string]: Json };

/** A study as its journal tells it: records are applied one after the other, those read and those just written alike. */
export class StudyState {
  header: StudyHeader | undefined;
  /** Where waves begin besides every so many trials, in order. */
  readonly cuts: number[] = [];
  /** Points that somebody wants to be tried, and that were not asked yet. */
  readonly queued: Point[] = [];
  /** Whether constraints were ever changed. */
  isRejudged = false;
  readonly #trials: TrialRecord[] = [];
  readonly #begun = new Set<number>();
  readonly #name: string;

  /**
   * @param name records of other studies in the journal are passed over.
   * @throws FormatError when the records contradict each other or are of a newer version.
   */
  constructor(name: string, records: readonly JournalRecord[]) {
    this.#name = name;
    for (const record of records) this.apply(record);
  }

  get trials(): readonly TrialRecord[] {
    return this.#trials;
  }

  /** Whether anybody ever began a trial, as far as the journal says. */
  isBegun(number: number): boolean {
    return this.#begun.has(number);
  }

  apply({ kind, data }: JournalRecord): void {
    if (!studyKinds.has(kind)) return;
    const fields = data as Fields;
    if (fields.study !== this.#name) return;
    checkRecord(kind, data, this.#where());
    if (kind === kinds.header) this.#begin(fields);
    else if (kind === kinds.asked) this.#ask(fields);
    else if (kind === kinds.cut) this.#cut(fields);
    else if (kind === kinds.queued) this.queued.push(fields.point as unknown as Point);
    else if (kind === kinds.rejudged) this.#rejudge(fields);
    else this.#change(kind, fields);
  }

  #begin(fields: Fields): void {
    if (this.header) throw this.#contradiction('its header comes twice', fields);
    if (fields.version !== journalVersion) {
      const fix = 'Use the version of Espalier that wrote it, or a new journal.';
      const expected = `version ${journalVersion}`;
      throw new FormatError({
        what: 'The journal has another format',
        where: this.#where(),
        expected,
        got: `version ${fields.version}`,
        fix,
      });
    }
    this.header = fields as unknown as StudyHeader;
  }

  #ask({ study: _, ...asked }: Fields): void {
    if (!this.header || asked.number !== this.#trials.length) throw this.#contradiction('a trial is out of order', asked);
    const { number, point, seed, byHand } = asked as unknown as Pick<TrialRecord, 'number' | 'point' | 'seed' | 'byHand'>;
    if (byHand) this.queued.shift();
    this.#trials.push({ number, point, seed, state: 'running', reports: [], attributes: {}, ...(byHand && { byHand }) });
  }

  #cut(fields: Fields): void {
    const from = fields.number as number;
    const withdrawn = this.#trials.slice(from);
    if (withdrawn.some(({ number, state }) => state !== 'running' || this.#begun.has(number)))
      throw this.#contradiction('a trial that was begun is withdrawn', fields);
    // What was put in by hand stays wanted, before what was put in later.
    this.queued.unshift(...withdrawn.filter(({ byHand }) => byHand).map(({ point }) => point));
    this.#trials.length = from;
    this.cuts.push(from);
  }

  #rejudge({ violations }: Fields): void {
    this.isRejudged = true;
    for (const [number, found] of Object.entries(violations as { readonly [number: string]: readonly number[] | null })) {
      const { violations: _, ...trial } = this.#trials[Number(number)];
      this.#trials[Number(number)] = { ...trial, ...(found && { violations: found }) };
    }
  }

  #change(kind: string, fields: Fields): void {
    const trial = this.#trials[fields.number as number];
    if (trial && kind === kinds.differs) {
      const values = fields.values as readonly number[];
      this.#trials[trial.number] = { ...trial, differing: [...(trial.differing ?? []), values] };
      return;
    }
    if (trial?.state !== 'running') throw this.#contradiction(`"${kind}" for a trial that is not running`, fields);
    if (kind === kinds.begun || kind === kinds.again) this.#begun.add(trial.number);
    if (kind === kinds.begun) return;
    this.#trials[trial.number] = changed(trial, kind, fields);
  }

  #contradiction(what: string, got: Fields): FormatError {
    return new FormatError({ what: `The journal contradicts itself: ${what}`, where: this.#where(), got: canonicalText(got) });
  }

  #where(): string {
    return `study "${this.#name}"`;
  }
}

function changed(trial: TrialRecord, kind: string, fields: Fields): TrialRecord {
  const { number: _, study: __, ...ended } = fields;
  switch (kind) {
    case kinds.again:
      return { ...trial, reports: [] };
    case kinds.broke:
      return { ...trial, broke: true };
    case kinds.report: {
      const { value, ...more } = ended as unknown as Omit<Report, 'value'> & { value: number | null };
      const report: Report = { ...more, value: value ?? Number.NaN };
      return { ...trial, reports: [...trial.reports, report] };
    }
    case kinds.told:
      return { ...trial, ...ended, state: 'completed' };
    case kinds.stopped:
      return { ...trial, ...ended, state: 'stopped' };
    default:
      return { ...trial, ...ended, state: 'failed' };
  }
}
