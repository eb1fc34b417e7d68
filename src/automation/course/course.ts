import { OptionError, Random, Stopped } from '../../base/index.js';
import { CutOff } from '../executors/cut-off.js';
import type { Point } from '../parameters.js';
import { keysOf } from '../samplers/tried.js';
import type { MayTry, StudySettings } from '../settings.js';
import { kinds, type StudyState } from '../state.js';
import type { AskedTrial, History, TrialRecord } from '../trial.js';
import { Book } from './book.js';
import { checkFailures, checkSuccess } from './failures.js';
import { nextProposal } from './proposals.js';
import { Rungs, unseen } from './rungs.js';
import { Told } from './told.js';

/** Why a study ended: enough trials, the time budget, or nothing left to propose. */
export type StudyEnd = 'trials' | 'budget' | 'exhausted';

/**
 * The course of a study, wave by wave: which trial is next, and what came of each; every step is written down before the next depends on it. It runs
 * nothing itself: whoever asks does.
 */
export class Course {
  /** Why the study ended, once it has. */
  end?: StudyEnd;
  /** What those say that run trials. */
  readonly told: Told;
  readonly #book: Book;
  readonly #rungs: Rungs;
  /** Proposed in this run, and never handed out. */
  readonly #fresh = new Set<number>();
  /** The first trial of the wave under way, and whether all of it is proposed. */
  #wave = { start: 0, isProposed: false };
  #proposing: Promise<void> | undefined;
  #maxTrials: number;
  #isPaused = false;
  /** Whether a point was refused for want of time when points were last proposed. */
  #isShort = false;

  constructor(settings: StudySettings, state: StudyState) {
    this.#book = new Book(settings, state);
    this.told = new Told(this.#book);
    this.#maxTrials = settings.maxTrials;
    this.#rungs = new Rungs(settings, {
      wave: () => state.trials.slice(this.#wave.start, this.#wave.start + settings.header.waveSize),
      history: (wave) => this.#history(wave),
      isOver: () => this.#book.closed !== undefined || this.end !== undefined,
      isOut: (number) => this.#book.leases.isOut(number),
      change: () => this.#change(),
    });
  }

  /** Begins a run: trials that are still running were an earlier one's, and are handed out again. */
  open(): void {
    this.#book.closed = undefined;
    this.end = undefined;
    this.#book.leases.clear();
    this.#fresh.clear();
    this.#wave = { start: 0, isProposed: false };
  }

  /** Ends a run: whoever asks, or waits, is told the cause. The first cause counts. */
  close(cause: unknown): void {
    this.#book.close(cause);
  }

  /** What the course was closed with. */
  get cause(): unknown {
    return this.#book.closed?.cause;
  }

  /** Whoever waits looks again. */
  wake(): void {
    this.#book.waiting.wake();
  }

  /**
   * The next trial to run; waits where it depends on trials that others run, and while the course is paused.
   * @param mayStart whether trials may still be started. Default: they may.
   * @param isReady asked when there is a trial, and whoever says yes gets it; after a no, it is asked again when woken. Default: yes.
   * @returns undefined where the study has ended; `end` says why.
   * @throws what it was closed with; EspalierError where too many trials failed.
   */
  async ask(mayStart: () => boolean = () => true, isReady: () => boolean = () => true): Promise<AskedTrial | undefined> {
    while (!this.end) {
      if (this.#book.closed) throw this.#book.closed.cause;
      const { start, isProposed } = this.#wave;
      const end = this.#endOf(start);
      if (start >= end) return this.#finish('trials');
      const wave = this.#book.state.trials.slice(start, end);
      const isWhole = wave.length === end - start;
      const idle = wave.find(({ number, state }) => state === 'running' && !this.#book.leases.isOut(number));
      const isPending = idle !== undefined || !(isProposed || isWhole);
      if (isPending && !mayStart()) return this.#finish('budget');
      if (isPending && this.#isPaused) await this.#change();
      else if (!isProposed) await this.#propose(end);
      else if (idle && !this.#isTimely(idle)) {
        if (await this.#cut()) continue;
        if (wave.every(({ number }) => !this.#book.leases.isOut(number))) return this.#finish('budget');
        await this.#change();
      } else if (idle) {
        if (isReady()) return await this.#handOut(idle);
        await this.#change();
      } else if (wave.some(({ state }) => state === 'running')) await this.#change();
      else {
        checkFailures(this.#book.state.trials.slice(0, end), this.#book.settings.maxFailures, this.where);
        if (!isWhole && !this.#isShort) return this.#finish('exhausted');
        if (wave.length === 0) return this.#finish('budget');
        // There was no time for more beside those that have ended now.
        if (!isWhole) await this.#book.write(kinds.cut, { number: start + wave.length });
        this.#wave = { start: start + wave.length, isProposed: false };
      }
    }
    return undefined;
  }

  /** Where a wave ends: after so many trials, where it was cut, or at the last trial. */
  #endOf(start: number): number {
    const cut = this.#book.state.cuts.find((number) => number > start) ?? Number.POSITIVE_INFINITY;
    return Math.min(start + this.#book.settings.header.waveSize, cut, this.maxTrials);
  }

  /** How many trials there are to be: as many as wanted, and more where points that were put in by hand would not be tried otherwise. */
  get maxTrials(): number {
    const { trials, queued } = this.#book.state;
    const last = trials.findLast(({ byHand }) => byHand)?.number ?? -1;
    return Math.max(this.#maxTrials, last + 1, queued.length > 0 ? trials.length + queued.length : 0);
  }

  async #handOut({ number, point, seed }: TrialRecord): Promise<AskedTrial> {
    this.#book.leases.renew(number);
    this.#rungs.begin(number);
    // A first beginning that is lost in a kill is begun again: nobody need wait for it to be written.
    if (this.#fresh.delete(number)) this.#book.write(kinds.begun, { number }).catch(() => undefined);
    else await this.#book.write(kinds.again, { number });
    return { study: this.#book.settings.header.study, number, point, seed };
  }

  /** Proposes the trials of the wave that are not written down yet; several that ask propose once. */
  #propose(end: number): Promise<void> {
    this.#proposing ??= this.#writeProposals(end).finally(() => {
      this.#proposing = undefined;
    });
    return this.#proposing;
  }

  async #writeProposals(end: number): Promise<void> {
    const { header, mayTry } = this.#book.settings;
    this.#isShort = false;
    const noting: MayTry = (point, pending) => {
      const may = mayTry?.(point, pending) ?? true;
      if (!may) this.#isShort = true;
      return may;
    };
    const settings = { ...this.#book.settings, mayTry: mayTry && noting };
    const wave = this.#wave;
    const written: Promise<void>[] = [];
    for (let number = this.#book.state.trials.length; number < end; number++) {
      const random = new Random(header.seed).fork(`trial ${number}`);
      const history = this.#history(this.#book.state.trials.slice(wave.start).map(unseen));
      const proposal = nextProposal(settings, this.#book.state, history, random);
      if (proposal === undefined) break;
      const seed = random.fork('seed').uint32();
      this.#fresh.add(number);
      written.push(this.#book.write(kinds.asked, { number, ...proposal, seed }));
    }
    await Promise.all(written);
    wave.isProposed = true;
  }

  /** Whether there is time for a trial. One that was begun goes on: an earlier run may have left it nearly done. */
  #isTimely({ number, point }: TrialRecord): boolean {
    const { settings, state } = this.#book;
    return state.isBegun(number) || (settings.mayTry?.(point, []) ?? true);
  }

  /** Nobody is handed a trial until the course is resumed; those that run go on. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.wake();
  }

  /** Changes how many trials there are to be. */
  async setMaxTrials(trials: number): Promise<void> {
    await this.#cut();
    this.#maxTrials = trials;
    this.wake();
  }

  /** Has a point tried next. @throws OptionError for one that is not in the space, or that was asked before where none is to be. */
  async enqueue(point: Point): Promise<void> {
    const { space, isDistinct } = this.#book.settings;
    const checked = space.check(point);
    if (this.end) throw new OptionError({ what: 'The study has ended', where: this.where });
    await this.#cut();
    const { trials, queued } = this.#book.state;
    const key = space.key(checked);
    const isAsked = keysOf(space, this.#history(trials.slice(this.#wave.start))).has(key);
    if (isDistinct && (isAsked || queued.some((other) => space.key(other) === key)))
      throw new OptionError({ what: 'This point is tried already', where: this.where, got: JSON.stringify(checked) });
    await this.#book.write(kinds.queued, { point: checked });
    this.wake();
  }

  /** Judges every trial anew, by constraints that were changed: what is proposed from here on is to keep them. */
  async rejudge(): Promise<void> {
    const { judge } = this.#book.settings;
    if (!judge) throw new OptionError({ what: 'A study without a judge cannot judge anew', where: this.where, fix: 'Give `judge`.' });
    await this.#cut();
    const told = this.#book.state.trials.filter(({ state }) => state === 'completed');
    await this.#book.write(kinds.rejudged, { violations: Object.fromEntries(told.map((trial) => [trial.number, judge(trial) ?? null])) });
    this.wake();
  }

  /**
   * Ends the wave before the first of those trials at its end that nobody has begun; the next wave is proposed once the others have ended.
   * @returns whether there were any.
   */
  async #cut(): Promise<boolean> {
    const { start } = this.#wave;
    const { trials } = this.#book.state;
    let from = trials.length;
    while (from > start && trials[from - 1].state === 'running' && !this.#book.state.isBegun(from - 1)) from--;
    for (const number of this.#fresh) if (number >= from) this.#fresh.delete(number);
    this.#wave = { start, isProposed: false };
    if (from === trials.length) return false;
    await this.#book.write(kinds.cut, { number: from });
    return true;
  }

  /**
   * Whether the stopper gives a trial up, judged by its last report: at a rung once every trial of the wave has got there.
   * @param during what is to be done while others are waited for. Default: nothing.
   * @throws CutOff where some of them never will.
   */
  shouldStop(number: number, during: (wait: Promise<void>) => Promise<void> = (wait) => wait): Promise<boolean> {
    const cutOff = () => {
      if (this.#book.closed || this.end === 'budget') throw new CutOff();
    };
    return this.#rungs.shouldStop(() => this.#book.asked(number), during, cutOff);
  }

  /** Everything about the waves before this one, and of this one only what is given. */
  #history(wave: readonly TrialRecord[]): History {
    const { seed, directions, reportDirection } = this.#book.settings.header;
    return { seed, directions, reportDirection, trials: [...this.#book.state.trials.slice(0, this.#wave.start), ...wave] };
  }

  /** Resolves when something was told, reported or handed back, when a lease runs out, or when the course is closed. */
  async #change(): Promise<void> {
    if (!this.#book.closed) await this.#book.waiting.change(this.#book.leases.next);
  }

  #finish(end: StudyEnd): undefined {
    if (end !== 'budget') checkSuccess(this.#book.state.trials, this.where);
    this.end = end;
    this.wake();
    return undefined;
  }

  get where(): string {
    return this.#book.where;
  }
}

/** What those are told that ask while a study is being stopped by its caller. */
export function whenStopped(study: string): Stopped {
  const fix = 'Run it again with the same journal to go on.';
  return new Stopped({ what: 'The study was stopped; what it finished is kept', where: `study "${study}"`, fix });
}
