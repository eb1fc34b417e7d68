import { EspalierError, OptionError, Random, Stopped } from '../base/index.js';
import { CutOff } from './executors/cut-off.js';
import { asJson, type Json } from './json.js';
import { readOutcome } from './outcome.js';
import type { StudySettings } from './settings.js';
import { kinds, type StudyState } from './state.js';
import type { AskedTrial, History, Outcome, TrialFailure, TrialRecord } from './trial.js';

/** Why a study ended: enough trials, the time budget, or nothing left to propose. */
export type StudyEnd = 'trials' | 'budget' | 'exhausted';

/** So many failures, and no success, are taken for an error in the objective. */
const hopeless = 10;

/** Values of one trial that differ by more than this, relative to the larger, differ by more than rounding. */
const ROUNDING = 1e-6;

/**
 * The course of a study, wave by wave: which trial is next, and what came of each; every step is written down before the next depends on it. It runs
 * nothing itself: whoever asks does.
 */
export class Course {
  /** Why the study ended, once it has. */
  end?: StudyEnd;
  readonly #settings: StudySettings;
  readonly #state: StudyState;
  /** When trials that are handed out count as given up, in milliseconds of `performance.now()`. */
  readonly #leases = new Map<number, number>();
  /** Proposed in this run, and never handed out. */
  readonly #fresh = new Set<number>();
  /** The last rung at which each trial was judged. */
  readonly #judged = new Map<number, number>();
  /** The first trial of the wave under way, and whether all of it is proposed. */
  #wave = { start: 0, isProposed: false };
  #proposing: Promise<void> | undefined;
  #closed: { readonly cause: unknown } | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(settings: StudySettings, state: StudyState) {
    this.#settings = settings;
    this.#state = state;
  }

  /** Begins a run: trials that are still running were an earlier one's, and are handed out again. */
  open(): void {
    this.#closed = undefined;
    this.end = undefined;
    this.#leases.clear();
    this.#fresh.clear();
    this.#wave = { start: 0, isProposed: false };
  }

  /** Ends a run: whoever asks, or waits, is told the cause. The first cause counts. */
  close(cause: unknown): void {
    this.#closed ??= { cause };
    this.#wake();
  }

  /** What the course was closed with. */
  get cause(): unknown {
    return this.#closed?.cause;
  }

  /**
   * The next trial to run; waits where it depends on trials that others run.
   * @param mayStart whether trials may still be started. Default: they may.
   * @returns undefined where the study has ended; `end` says why.
   * @throws what it was closed with; EspalierError where too many trials failed.
   */
  async ask(mayStart: () => boolean = () => true): Promise<AskedTrial | undefined> {
    while (!this.end) {
      if (this.#closed) throw this.#closed.cause;
      const { start, isProposed } = this.#wave;
      const end = Math.min(start + this.#settings.header.waveSize, this.#settings.maxTrials);
      if (start >= end) return this.#finish('trials');
      const wave = this.#state.trials.slice(start, end);
      const isWhole = wave.length === end - start;
      const idle = wave.find(({ number, state }) => state === 'running' && !this.#isOut(number));
      const isPending = idle !== undefined || !(isProposed || isWhole);
      if (isPending && !mayStart()) return this.#finish('budget');
      if (!isProposed) await this.#propose(end);
      else if (idle) return await this.#handOut(idle);
      else if (wave.some(({ state }) => state === 'running')) await this.#change();
      else {
        this.#checkFailures(end);
        if (!isWhole) return this.#finish('exhausted');
        this.#wave = { start: end, isProposed: false };
      }
    }
    return undefined;
  }

  /** Whether a trial is handed out, and gave a sign of life within its lease. */
  #isOut(number: number): boolean {
    return (this.#leases.get(number) ?? -Infinity) > performance.now();
  }

  async #handOut({ number, point, seed }: TrialRecord): Promise<AskedTrial> {
    this.heartbeat(number, true);
    this.#judged.delete(number);
    if (!this.#fresh.delete(number)) await this.write(kinds.again, { number });
    return { study: this.#settings.header.study, number, point, seed };
  }

  /** A sign of life of whoever runs a trial. @throws OptionError where it is not handed out. */
  heartbeat(number: number, isNew = false): void {
    if (!isNew) this.#requireOut(number);
    this.#leases.set(number, performance.now() + this.#settings.leaseMs);
  }

  /** Gives a trial back that was not run: another one gets it. */
  handBack(number: number): void {
    this.#leases.delete(number);
    this.#wake();
  }

  /** Proposes the trials of the wave that are not written down yet; several that ask propose once. */
  #propose(end: number): Promise<void> {
    this.#proposing ??= this.#writeProposals(end).finally(() => {
      this.#proposing = undefined;
    });
    return this.#proposing;
  }

  async #writeProposals(end: number): Promise<void> {
    const { header, space, sampler } = this.#settings;
    const { start } = this.#wave;
    const written: Promise<void>[] = [];
    for (let number = this.#state.trials.length; number < end; number++) {
      const random = new Random(header.seed).fork(`trial ${number}`);
      const point = header.initialPoints[number] ?? sampler.ask(space, this.#history(this.#state.trials.slice(start).map(unseen)), random);
      if (point === undefined) break;
      const seed = random.fork('seed').uint32();
      this.#fresh.add(number);
      written.push(this.write(kinds.asked, { number, point: space.check(point), seed }));
    }
    await Promise.all(written);
    this.#wave.isProposed = true;
  }

  /**
   * Writes a report down. @throws OptionError for a step that is not above the last, and for a trial that is not handed out.
   */
  report(number: number, step: number, value: number): Promise<void> {
    const where = `trial ${number}`;
    this.#requireOut(number);
    const last = this.#state.trials[number].reports.at(-1)?.step ?? -Infinity;
    if (!Number.isFinite(step) || step <= last) {
      throw new OptionError({ what: 'Steps must be finite and increase', where, expected: `a step above ${last}`, got: String(step) });
    }
    if (typeof value !== 'number') throw new OptionError({ what: 'A report must be a number', where, got: typeof value });
    this.heartbeat(number);
    const written = this.write(kinds.report, { number, step, value: Number.isFinite(value) ? value : null });
    this.#wake();
    return written;
  }

  /**
   * Whether the stopper gives a trial up, judged by its last report: at a rung once every trial of the wave has got there.
   * @param during what is to be done while others are waited for. Default: nothing.
   * @throws CutOff where some of them never will.
   */
  async shouldStop(number: number, during: (wait: Promise<void>) => Promise<void> = (wait) => wait): Promise<boolean> {
    const { stopper } = this.#settings;
    const trial = this.#asked(number);
    const last = trial.reports.at(-1);
    if (!stopper || !last) return false;
    if (!stopper.rungAt) return stopper.shouldStop(trial, last.step, last.value, this.#history([]));
    const rung = stopper.rungAt(trial, last.step);
    if (rung === undefined || rung <= (this.#judged.get(number) ?? -Infinity)) return false;
    this.#judged.set(number, rung);
    if (!this.#isPast(rung)) await during(this.#everyoneAt(rung));
    if (this.#closed || this.end === 'budget') throw new CutOff();
    const { start } = this.#wave;
    const peers = this.#state.trials.slice(start, start + this.#settings.header.waveSize).filter((peer) => peer.number !== number);
    const history = this.#history(peers.map((peer) => ({ ...unseen(peer), reports: upTo(rung, peer) })));
    return stopper.shouldStop(this.#asked(number), last.step, last.value, history);
  }

  async #everyoneAt(rung: number): Promise<void> {
    while (!this.#isPast(rung)) await this.#change();
  }

  /** Whether every trial of the wave has reached a rung or ended; once the course is closed, nobody waits any more. */
  #isPast(rung: number): boolean {
    if (this.#closed || this.end) return true;
    const { start } = this.#wave;
    return this.#state.trials
      .slice(start, start + this.#settings.header.waveSize)
      .every(({ number, state, reports }) => state !== 'running' || (this.#isOut(number) && (reports.at(-1)?.step ?? -Infinity) >= rung));
  }

  /** Everything about the waves before this one, and of this one only what is given. */
  #history(wave: readonly TrialRecord[]): History {
    const { seed, directions, reportDirection } = this.#settings.header;
    return { seed, directions, reportDirection, trials: [...this.#state.trials.slice(0, this.#wave.start), ...wave] };
  }

  /**
   * Writes down how a trial ended. The first to say so wins: a later outcome is compared with it, and kept and said where it differs beyond rounding.
   * @returns whether this was the first.
   * @throws DataError for an outcome that cannot be compared; OptionError for attributes that are not plain JSON, or a trial that was never asked.
   */
  async tell(number: number, outcome: Outcome, attributes: Readonly<Record<string, unknown>> = {}): Promise<boolean> {
    const result = readOutcome(outcome, this.#settings.header.directions.length);
    const ending = { ...result, attributes: asJson(attributes, 'attributes') };
    const { state, values } = this.#asked(number);
    if (state === 'running') return this.#end(kinds.told, number, ending);
    if (state === 'completed' && values?.every((value, index) => isClose(value, result.values[index]))) return false;
    const text = `Trial ${number} was told twice: ${values?.join(', ') ?? state} first, then ${result.values.join(', ')}. The first counts.`;
    this.#settings.activity.onMessage?.({ level: 'warning', text });
    await this.write(kinds.differs, { number, values: result.values });
    return false;
  }

  /** Writes down that a trial was given up on a stopper's word. @returns whether nobody had said how it ended. */
  async giveUp(number: number, attributes: Readonly<Record<string, unknown>> = {}): Promise<boolean> {
    if (this.#asked(number).state !== 'running') return false;
    return this.#end(kinds.stopped, number, { attributes: asJson(attributes, 'attributes') });
  }

  /** Writes down that a trial failed. @returns whether nobody had said how it ended. */
  async fail(number: number, error: TrialFailure): Promise<boolean> {
    if (this.#asked(number).state !== 'running') return false;
    return this.#end(kinds.failed, number, { error: { name: error.name, message: error.message } });
  }

  async #end(kind: string, number: number, fields: Readonly<Record<string, Json>>): Promise<boolean> {
    const written = this.write(kind, { number, ...fields });
    this.#leases.delete(number);
    this.#wake();
    await written;
    return true;
  }

  #asked(number: number): TrialRecord {
    const trial = this.#state.trials[number];
    if (trial) return trial;
    throw new OptionError({ what: 'There is no such trial', where: this.where, got: String(number) });
  }

  #requireOut(number: number): void {
    if (this.#asked(number).state === 'running' && this.#leases.has(number)) return;
    throw new OptionError({ what: 'This trial is not handed out: it has ended, or went to another', where: `trial ${number}` });
  }

  /** Writes a record of this study; once that fails, the run is over. */
  async write(kind: string, fields: { readonly [field: string]: Json }): Promise<void> {
    const data = { study: this.#settings.header.study, ...fields };
    const written = this.#settings.storage.record(kind, data);
    this.#state.apply({ kind, data });
    try {
      await written;
    } catch (cause) {
      this.close(cause);
      throw cause;
    }
  }

  /** Resolves when something was told, reported or handed back, when a lease runs out, or when the course is closed. */
  async #change(): Promise<void> {
    if (this.#closed) return;
    const now = performance.now();
    const next = Math.min(...[...this.#leases.values()].filter((time) => time > now));
    await new Promise<void>((resolve) => {
      const timer = Number.isFinite(next) ? setTimeout(resolve, next - now + 1) : undefined;
      this.#waiting.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }

  #checkFailures(end: number): void {
    const trials = this.#state.trials.slice(0, end);
    const failed = trials.filter(({ state }) => state === 'failed');
    const isHopeless = failed.length === trials.length && failed.length >= hopeless;
    if (failed.length > this.#settings.maxFailures || isHopeless) throw this.#tooManyFailed(failed, trials.length);
  }

  #finish(end: StudyEnd): undefined {
    const { trials } = this.#state;
    const isHopeless = trials.length > 0 && trials.every(({ state }) => state === 'failed');
    if (end !== 'budget' && isHopeless) throw this.#tooManyFailed(trials, trials.length);
    this.end = end;
    this.#wake();
    return undefined;
  }

  #tooManyFailed(failed: readonly TrialRecord[], total: number): EspalierError {
    const { number, error } = failed[0];
    return new EspalierError({
      what: `${failed.length} of ${total} trials failed, and the study was given up`,
      where: this.where,
      got: `from trial ${number}: ${error?.message}`,
    });
  }

  get where(): string {
    return `study "${this.#settings.header.study}"`;
  }
}

/** What those are told that ask while a study is being stopped by its caller. */
export function whenStopped(study: string): Stopped {
  const fix = 'Run it again with the same journal to go on.';
  return new Stopped({ what: 'The study was stopped; what it finished is kept', where: `study "${study}"`, fix });
}

/** A trial as it was proposed. */
function unseen({ number, point, seed }: TrialRecord): TrialRecord {
  return { number, point, seed, state: 'running', reports: [], attributes: {} };
}

/** A trial's reports as far as the first at the rung or after it. */
function upTo(rung: number, { reports }: TrialRecord): TrialRecord['reports'] {
  const at = reports.findIndex(({ step }) => step >= rung);
  return at < 0 ? reports : reports.slice(0, at + 1);
}

function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= ROUNDING * Math.max(Math.abs(a), Math.abs(b));
}
