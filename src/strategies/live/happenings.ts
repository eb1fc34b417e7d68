import type { Recipe } from '../../technique/index.js';
import type { EpochEvent, ProgressOfWorker, RunEvent, StateEvent, TrialEvent } from '../results/event.js';
import type { LiveMessage, LiveWorker, RunState } from '../results/live.js';
import { MESSAGES } from './messages.js';

/** What events tell of a trial. */
interface TrialTold {
  recipe?: Recipe;
  label?: string;
  begun?: number;
  ended?: number;
  epochs: EpochEvent[];
}

/** What a run's events tell. Those that were seen before are passed over: the file may have been written anew. */
export class Happenings {
  /** The time of the last event. */
  at = 0;
  error: string | undefined;
  jobs = 1;
  /** When the budget is over. */
  deadline = Number.POSITIVE_INFINITY;
  /** Seconds that a trial was foreseen to take. */
  secondsEach: number | undefined;
  /** Seconds of the trials that ended. */
  readonly durations: number[] = [];
  /** How far the measuring of the front is. */
  settling: { since: number; done: number; total: number } | undefined;
  messages: readonly LiveMessage[] = [];
  #state: RunState | undefined;
  readonly #workers = new Map<string, LiveWorker>();
  readonly #trials = new Map<number, TrialTold>();
  readonly #running = new Map<number, number>();

  /** @returns the trial that it is about, where it changes what is shown of one. */
  add(event: RunEvent): number | undefined {
    if (event.at <= this.at) return undefined;
    this.at = event.at;
    switch (event.kind) {
      case 'state':
        this.#enter(event);
        return undefined;
      case 'message':
        this.messages = [...this.messages, { at: event.at, level: event.level, text: event.text }].slice(-MESSAGES);
        return undefined;
      case 'progress':
        this.#progress(event);
        return undefined;
      case 'idle':
        this.#workers.set(event.worker, { name: event.worker, seen: event.at });
        return undefined;
      case 'epoch':
        if (event.trial === undefined) return undefined;
        this.#told(event.trial).epochs.push(event);
        return event.trial;
      case 'trial':
        this.#trial(event);
        return event.number;
    }
  }

  trial(number: number): Readonly<TrialTold> {
    return this.#trials.get(number) ?? { epochs: [] };
  }

  /** When the trials were begun that run. */
  running(): number[] {
    return [...this.#running.values()];
  }

  get workers(): LiveWorker[] {
    return [...this.#workers.values()];
  }

  /** Judged by the last event and whether a process is at work: one that was killed says nothing. */
  stateOf(isHeld: boolean): RunState {
    const last = this.#state;
    if (last === 'complete') return last;
    if (isHeld) return last === undefined || last === 'stopped' || last === 'failed' ? 'starting' : last;
    return last === 'failed' ? 'failed' : 'stopped';
  }

  #enter({ state, error, jobs, budgetMs, secondsEach, at }: StateEvent): void {
    this.#state = state;
    this.error = error;
    if (secondsEach !== undefined) this.secondsEach = secondsEach;
    if (state === 'starting') {
      this.jobs = jobs ?? 1;
      this.deadline = at + (budgetMs ?? Number.POSITIVE_INFINITY);
      // Those of a process that was killed.
      this.#workers.clear();
      this.#running.clear();
    }
    if (state === 'settling') this.#workers.clear();
    this.settling = state === 'settling' ? { since: at, done: 0, total: 1 } : undefined;
  }

  #progress({ worker, trial, task, done, total, facts, at }: ProgressOfWorker): void {
    const more = { ...(trial !== undefined && { trial }), ...(total !== undefined && { total }), ...(facts && { facts }) };
    this.#workers.set(worker, { name: worker, task, done, ...more, seen: at });
    if (this.settling && task === 'measure/front' && total !== undefined) this.settling = { ...this.settling, done, total };
  }

  #trial({ number, worker, label, recipe, begun, ended, state, at }: TrialEvent): void {
    const told = this.#told(number);
    const epochs = ended === undefined ? [] : told.epochs;
    this.#trials.set(number, { recipe: recipe ?? told.recipe, label: label ?? told.label, begun, ended, epochs });
    if (ended === undefined) {
      this.#running.set(number, begun);
      this.#workers.set(worker, { name: worker, trial: number, seen: at });
      return;
    }
    this.#running.delete(number);
    this.#workers.set(worker, { name: worker, seen: at });
    if (state) this.durations.push((ended - begun) / 1000);
  }

  #told(number: number): TrialTold {
    const known = this.#trials.get(number) ?? { epochs: [] };
    this.#trials.set(number, known);
    return known;
  }
}
