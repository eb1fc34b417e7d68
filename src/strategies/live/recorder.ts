import { type Activity, EspalierError, type Message, type ProgressEvent, Stopped } from '../../base/index.js';
import type { Recipe } from '../../technique/index.js';
import type { EventSink, NewEvent, StateEvent } from '../results/event.js';
import { Throttle } from './throttle.js';
import { secondsLeft } from './time-left.js';

/** The task whose progress counts the trials of a search. */
const STUDY = 'study';
/** What the process does that is no trial is done by its first job. */
const FIRST = 'job 1';

/** What a process says of itself when it begins. */
export interface Beginning {
  jobs: number;
  /** Milliseconds that the search has. */
  budgetMs: number;
}

/** A trial as it is begun. */
export interface TrialBegun {
  number: number;
  label: string;
  recipe: Recipe;
}

/**
 * Writes down what happens in a run, for those who look on, and hands it on to whoever is told anyway. It knows which of the jobs side by side has which trial, and how long trials
 * take.
 */
export class Recorder {
  /** What the stages of the run are given. */
  readonly activity: Activity;
  /** When the process began, in milliseconds since 1970. */
  readonly begun = Date.now();
  readonly #given: Activity;
  readonly #sink: EventSink | undefined;
  readonly #jobs: number;
  readonly #deadline: number;
  readonly #throttle: Throttle<NewEvent>;
  /** Trials that run, by number. */
  readonly #running = new Map<number, { worker: string; begun: number }>();
  readonly #ended: number[] = [];
  /** Seconds that a trial was foreseen to take. */
  #expected: number | undefined;
  /** Asked when the time left is: models of the front. */
  #chosen = 0;

  constructor(given: Activity, sink: EventSink | undefined, { jobs, budgetMs }: Beginning) {
    this.#given = given;
    this.#sink = sink;
    this.#jobs = jobs;
    this.#deadline = this.begun + budgetMs;
    this.#throttle = new Throttle((event) => sink?.add(event));
    this.activity = { ...given, onMessage: (message) => this.#message(message), onProgress: (event) => this.#progress(event) };
    sink?.add({ kind: 'state', state: 'starting', jobs, ...(Number.isFinite(budgetMs) && { budgetMs }) });
  }

  state(state: StateEvent['state'], error?: string): void {
    this.#throttle.flush();
    this.#sink?.add({ kind: 'state', state, ...(error !== undefined && { error }) });
  }

  /** The search begins. @param secondsEach what a trial was foreseen to take, where that was. */
  searching(secondsEach: number | undefined): void {
    this.#expected = secondsEach;
    this.#throttle.flush();
    this.#sink?.add({ kind: 'state', state: 'searching', ...(secondsEach !== undefined && { secondsEach }) });
  }

  /** Notes how a run ends. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      this.state('complete');
      return result;
    } catch (error) {
      if (error instanceof Stopped) this.state('stopped');
      else this.state('failed', error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** Notes when a trial is begun and ended, and by which of the jobs. */
  async trial<T>({ number, label, recipe }: TrialBegun, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const worker = this.#freeJob();
    const begun = Date.now();
    const about = { kind: 'trial', number, worker, label, begun } as const;
    this.#running.set(number, { worker, begun });
    this.#sink?.add({ ...about, recipe });
    const end = (state?: 'completed' | 'stopped' | 'failed') => {
      const ended = Date.now();
      this.#running.delete(number);
      this.#throttle.flush();
      if (state) this.#ended.push((ended - begun) / 1000);
      this.#sink?.add({ ...about, ended, ...(state && { state }) });
    };
    try {
      const result = await work();
      end('completed');
      return result;
    } catch (error) {
      if (signal.aborted) end();
      else end(error instanceof EspalierError && error instanceof Stopped ? 'stopped' : 'failed');
      throw error;
    }
  }

  #freeJob(): string {
    const taken = new Set([...this.#running.values()].map(({ worker }) => worker));
    let job = 1;
    while (taken.has(`job ${job}`)) job++;
    return `job ${job}`;
  }

  #message(message: Message): void {
    this.#sink?.add({ kind: 'message', ...message });
    this.#given.onMessage?.(message);
  }

  #progress(event: ProgressEvent): void {
    if (event.worker?.isIdle) {
      this.#throttle.flush();
      this.#sink?.add({ kind: 'idle', worker: event.worker.name });
      return;
    }
    const [first, ...rest] = event.task.split('/');
    if (first === STUDY) {
      this.#chosen = Number(event.facts?.front ?? 1);
      this.#given.onProgress?.({ ...event, secondsLeft: this.#timeLeft(event) });
      return;
    }
    this.#given.onProgress?.(event);
    const number = /^trial (\d+)$/.exec(first)?.[1];
    const trial = number === undefined ? undefined : Number(number);
    const worker = event.worker?.name ?? ((trial !== undefined && this.#running.get(trial)?.worker) || FIRST);
    const who = { worker, ...(trial !== undefined && { trial }) };
    const { done, total, facts, epoch } = event;
    const task = trial === undefined ? event.task : rest.join('/');
    this.#throttle.add(worker, { kind: 'progress', ...who, task, done, ...(total !== undefined && { total }), ...(facts && { facts }) });
    if (epoch) this.#sink?.add({ kind: 'epoch', ...who, ...epoch });
  }

  #timeLeft({ done, total = done }: ProgressEvent): number | undefined {
    const now = Date.now();
    return secondsLeft({
      ended: this.#ended,
      running: [...this.#running.values()].map(({ begun }) => (now - begun) / 1000),
      left: total - done,
      jobs: this.#jobs,
      expected: this.#expected,
      budget: (this.#deadline - now) / 1000,
      chosen: this.#chosen,
    });
  }
}
