import { EspalierError, OptionError, Random, ResourceError, Stopped } from '../base/index.js';
import { CutOff, Wave } from './executors/wave.js';
import { asJson, type Json } from './json.js';
import { LiveTrial, type TrialHost } from './live-trial.js';
import { readOutcome } from './outcome.js';
import { resultsOf } from './results.js';
import type { StudySettings } from './settings.js';
import { kinds, type StudyState } from './state.js';
import { type History, type TrialRecord, TrialStopped } from './trial.js';

/** Why a run ended: enough trials, the time budget, or nothing left to propose. */
export type StudyEnd = 'trials' | 'budget' | 'exhausted';

/** So many failures, and no success, are taken for an error in the objective. */
const hopeless = 10;

/** Drives a study: proposes a wave, runs it, and so on, every step written down before the next depends on it. */
export class Runner {
  readonly #settings: StudySettings;
  readonly #state: StudyState;
  #isRunning = false;
  #abort = new AbortController();
  /** Why no trial can be run any more. */
  #broken: unknown;
  #deadline = Infinity;

  constructor(settings: StudySettings, state: StudyState) {
    this.#settings = settings;
    this.#state = state;
  }

  async run(): Promise<StudyEnd> {
    if (this.#isRunning) throw new OptionError({ what: 'The study runs already', where: `study "${this.#settings.header.study}"` });
    const { budgetMs, activity } = this.#settings;
    this.#isRunning = true;
    this.#abort = new AbortController();
    this.#deadline = performance.now() + budgetMs;
    const stop = (): void => this.#abort.abort();
    activity.signal?.addEventListener('abort', stop);
    try {
      if (activity.signal?.aborted) stop();
      return await this.#runWaves();
    } finally {
      activity.signal?.removeEventListener('abort', stop);
      this.#isRunning = false;
    }
  }

  async #runWaves(): Promise<StudyEnd> {
    const { maxTrials, header } = this.#settings;
    const known = this.#state.trials.length;
    for (let start = 0; start < maxTrials; start += header.waveSize) {
      this.#checkAborted();
      const end = Math.min(start + header.waveSize, maxTrials);
      const isPending = this.#state.trials.length < end || this.#state.trials.slice(start, end).some(({ state }) => state === 'running');
      if (isPending && this.#isOverBudget()) return 'budget';
      await this.#askWave(start, end);
      await this.#runWave(start, end, known);
      this.#checkFailures(end);
      if (this.#state.trials.slice(start, end).some(({ state }) => state === 'running')) return 'budget';
      if (this.#state.trials.length < end) return this.#finish('exhausted');
    }
    return this.#finish('trials');
  }

  /** Proposes the trials of a wave that are not in the journal yet. */
  async #askWave(start: number, end: number): Promise<void> {
    const { header, space, sampler } = this.#settings;
    const written: Promise<void>[] = [];
    for (let number = this.#state.trials.length; number < end; number++) {
      const random = new Random(header.seed).fork(`trial ${number}`);
      const point =
        header.initialPoints[number] ?? sampler.ask(space, this.#historyFor(start, this.#state.trials.slice(start).map(unseen)), random);
      if (point === undefined) break;
      const seed = random.fork('seed').uint32();
      written.push(this.#write(kinds.asked, { number, point: space.check(point), seed }));
    }
    await Promise.all(written);
  }

  async #runWave(start: number, end: number, known: number): Promise<void> {
    const pending = this.#state.trials.slice(start, end).filter(({ state }) => state === 'running');
    const wave = new Wave(
      pending.map(({ number }) => number),
      this.#settings.concurrency,
    );
    const cutShort = (): void => wave.cutShort();
    this.#abort.signal.addEventListener('abort', cutShort);
    try {
      await wave.run((number) => this.#runTrial(number, wave, start, number < known));
    } finally {
      this.#abort.signal.removeEventListener('abort', cutShort);
    }
    this.#checkAborted();
  }

  /** Runs one trial and writes down how it ended; never rejects. */
  async #runTrial(number: number, wave: Wave, waveStart: number, isAgain: boolean): Promise<void> {
    if (this.#isOverBudget()) wave.cutShort();
    if (this.#abort.signal.aborted || this.#isOverBudget()) return;
    try {
      if (isAgain) await this.#write(kinds.again, { number });
      const live = new LiveTrial(this.#state.trials[number], this.#hostOf(wave, waveStart));
      const ending = await this.#evaluate(live);
      live.end();
      if (!ending) return;
      await this.#write(ending.kind, { number, ...ending.fields });
      this.#showProgress();
    } catch {
      // Only writing can fail here; `#write` has noted why, and the run ends with it.
    }
  }

  /**
   * How a trial ended; undefined when it was cut off and is to be run again. What the machine fails at a second time, in
   * a later run, is taken for the trial's own fault: otherwise the study would never get past it.
   */
  async #evaluate(live: LiveTrial): Promise<Ending | undefined> {
    const { objective, header, activity } = this.#settings;
    try {
      const outcome = await objective(this.#state.trials[live.number].point, live);
      const result = readOutcome(outcome, header.directions.length);
      return { kind: kinds.told, fields: { ...result, attributes: asJson(live.attributes, 'attributes') } };
    } catch (error) {
      if (this.#abort.signal.aborted || error instanceof CutOff) return undefined;
      if (error instanceof TrialStopped) return stoppedEnding(live);
      if (error instanceof ResourceError && !this.#state.trials[live.number].broke) {
        await this.#write(kinds.broke, { number: live.number }).catch(() => undefined);
        this.#breakOff(error);
        return undefined;
      }
      const ending = failedEnding(error);
      activity.onMessage?.({ level: 'warning', text: `Trial ${live.number} failed: ${ending.fields.error.message}` });
      return ending;
    }
  }

  /** Writes a record of this study; once that fails, the run is over. */
  async #write(kind: string, fields: { readonly [field: string]: Json }): Promise<void> {
    const data = { study: this.#settings.header.study, ...fields };
    const written = this.#settings.storage.record(kind, data);
    this.#state.apply({ kind, data });
    try {
      await written;
    } catch (cause) {
      this.#breakOff(cause);
      throw cause;
    }
  }

  /** Ends the run for a reason that says nothing about the trials under way: they are run again by the next one. */
  #breakOff(cause: unknown): void {
    this.#broken ??= cause;
    this.#abort.abort();
  }

  #hostOf(wave: Wave, waveStart: number): TrialHost {
    const { activity, stopper } = this.#settings;
    return {
      signal: this.#abort.signal,
      activity,
      stopper,
      record: (number) => this.#state.trials[number],
      report: (number, step, value) => {
        // A report that cannot be written ends the run by itself; the objective need not wait for it.
        this.#write(kinds.report, { number, step, value: Number.isFinite(value) ? value : null }).catch(() => undefined);
        wave.reach(number, step);
      },
      historyAt: async (number, rung) => {
        if (rung === undefined) return this.#historyFor(waveStart, []);
        await wave.hold(rung);
        const { waveSize } = this.#settings.header;
        const peers = this.#state.trials.slice(waveStart, waveStart + waveSize).filter((peer) => peer.number !== number);
        return this.#historyFor(
          waveStart,
          peers.map((peer) => ({ ...unseen(peer), reports: upTo(rung, peer) })),
        );
      },
    };
  }

  /** Everything about the waves before this one, and of this one only what is given. */
  #historyFor(waveStart: number, wave: readonly TrialRecord[]): History {
    const { seed, directions, reportDirection } = this.#settings.header;
    return { seed, directions, reportDirection, trials: [...this.#state.trials.slice(0, waveStart), ...wave] };
  }

  #isOverBudget(): boolean {
    return performance.now() >= this.#deadline;
  }

  #checkAborted(): void {
    if (this.#broken !== undefined) throw this.#broken;
    if (!this.#abort.signal.aborted) return;
    const fix = 'Run it again with the same journal to go on.';
    throw new Stopped({ what: 'The study was stopped; what it finished is kept', where: this.#where(), fix });
  }

  #checkFailures(end: number): void {
    const trials = this.#state.trials.slice(0, end);
    const failed = trials.filter(({ state }) => state === 'failed');
    const isHopeless = failed.length === trials.length && failed.length >= hopeless;
    if (failed.length > this.#settings.maxFailures || isHopeless) throw this.#tooManyFailed(failed, trials.length);
  }

  #finish(end: StudyEnd): StudyEnd {
    const { trials } = this.#state;
    if (trials.length > 0 && trials.every(({ state }) => state === 'failed')) throw this.#tooManyFailed(trials, trials.length);
    return end;
  }

  #tooManyFailed(failed: readonly TrialRecord[], total: number): EspalierError {
    const { number, error } = failed[0];
    return new EspalierError({
      what: `${failed.length} of ${total} trials failed, and the study was given up`,
      where: this.#where(),
      got: `from trial ${number}: ${error?.message}`,
    });
  }

  #showProgress(): void {
    const { activity, maxTrials, header } = this.#settings;
    if (!activity.onProgress) return;
    const { trials } = this.#state;
    const results = resultsOf(header.directions, () => trials);
    const facts: Record<string, number | string> = {};
    if (header.directions.length > 1) facts.front = results.front().length;
    else facts.best = results.best()?.values?.[0] ?? 'none yet';
    activity.onProgress({ task: 'study', done: trials.filter(({ state }) => state !== 'running').length, total: maxTrials, facts });
  }

  #where(): string {
    return `study "${this.#settings.header.study}"`;
  }
}

interface Ending {
  readonly kind: string;
  readonly fields: { readonly [field: string]: Json };
}

function stoppedEnding(live: LiveTrial): Ending {
  try {
    return { kind: kinds.stopped, fields: { attributes: asJson(live.attributes, 'attributes') } };
  } catch (error) {
    return failedEnding(error);
  }
}

function failedEnding(error: unknown): Ending & { readonly fields: { readonly error: { name: string; message: string } } } {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  return { kind: kinds.failed, fields: { error: { name, message } } };
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
