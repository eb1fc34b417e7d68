import { OptionError, ResourceError } from '../base/index.js';
import { type Course, type StudyEnd, whenStopped } from './course/course.js';
import { CutOff } from './executors/cut-off.js';
import { Slots } from './executors/slots.js';
import { LiveTrial, type TrialHost } from './live-trial.js';
import { resultsOf } from './results.js';
import type { StudySettings } from './settings.js';
import type { StudyState } from './state.js';
import { type AskedTrial, type Objective, TrialStopped } from './trial.js';

/** Runs a study in this process: asks for trials, hands each to the objective, and tells what came of it. */
export class Runner {
  readonly #settings: StudySettings;
  readonly #state: StudyState;
  readonly #course: Course;
  #isRunning = false;
  #abort = new AbortController();
  #deadline = Infinity;

  constructor(settings: StudySettings, state: StudyState, course: Course) {
    this.#settings = settings;
    this.#state = state;
    this.#course = course;
  }

  async run(): Promise<StudyEnd> {
    const { objective, budgetMs, header, activity } = this.#settings;
    if (!objective) throw new OptionError({ what: 'A study needs an objective to run', where: 'objective' });
    if (this.#isRunning) throw new OptionError({ what: 'The study runs already', where: this.#course.where });
    this.#isRunning = true;
    this.#abort = new AbortController();
    this.#deadline = performance.now() + budgetMs;
    this.#course.open();
    const stop = (): void => this.#breakOff(whenStopped(header.study));
    activity.signal?.addEventListener('abort', stop);
    try {
      if (activity.signal?.aborted) stop();
      return await this.#runTrials(objective);
    } finally {
      activity.signal?.removeEventListener('abort', stop);
      this.#isRunning = false;
    }
  }

  /** So many trials at a time as there are slots; one that waits for others at a rung lends its slot. */
  async #runTrials(objective: Objective): Promise<StudyEnd> {
    const course = this.#course;
    const slots = new Slots(this.#settings.concurrency);
    const running: Promise<void>[] = [];
    const next = () =>
      course.ask(
        () => !this.#isOverBudget(),
        () => slots.take(),
      );
    try {
      for (let trial = await next(); trial; trial = await next()) running.push(this.#runTrial(trial, slots, objective));
    } catch (error) {
      this.#breakOff(error);
    }
    await Promise.all(running);
    if (course.cause !== undefined) throw course.cause;
    return course.end as StudyEnd;
  }

  /** Runs one trial, whose slot is taken, and writes down how it ended; never rejects. */
  async #runTrial(asked: AskedTrial, slots: Slots, objective: Objective): Promise<void> {
    try {
      if (this.#abort.signal.aborted || this.#isOverBudget()) {
        this.#course.told.handBack(asked.number);
        return;
      }
      const live = new LiveTrial(asked, this.#hostOf(slots));
      await this.#evaluate(live, objective);
      if (this.#state.trials[asked.number].state !== 'running') this.#showProgress();
    } catch (error) {
      // What cannot even be written down ends the run; a course that has noted why keeps that.
      this.#breakOff(error);
    } finally {
      this.#release(slots);
    }
  }

  /** A slot that is free goes to a trial that waits for one at a rung, or else to the next trial. */
  #release(slots: Slots): void {
    slots.release();
    this.#course.wake();
  }

  /**
   * Runs the objective. A trial that was cut off is left running, to be run again by a later run. What the machine fails at a second time, in a later run, is taken
   * for the trial's own fault: otherwise the study would never get past it.
   */
  async #evaluate(live: LiveTrial, objective: Objective): Promise<void> {
    const { number } = live;
    try {
      const outcome = await objective(this.#state.trials[number].point, live);
      await this.#course.told.tell(number, outcome, live.attributes);
    } catch (error) {
      if (this.#course.cause !== undefined || this.#abort.signal.aborted || error instanceof CutOff) return;
      if (error instanceof TrialStopped) await this.#course.told.giveUp(number, live.attributes).catch((cause) => this.#fail(live, cause));
      else if (error instanceof ResourceError && !this.#state.trials[number].broke) {
        await this.#course.told.broke(number).catch(() => undefined);
        this.#breakOff(error);
      } else await this.#fail(live, error);
    } finally {
      live.end();
    }
  }

  async #fail({ number, attributes }: LiveTrial, error: unknown): Promise<void> {
    const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
    this.#settings.activity.onMessage?.({ level: 'warning', text: `Trial ${number} failed: ${message}` });
    const { told } = this.#course;
    await told.fail(number, { name, message }, attributes).catch((cause) => {
      // They may be what is wrong.
      if (cause instanceof OptionError) return told.fail(number, { name, message });
      throw cause;
    });
  }

  /** Ends the run for a reason that says nothing about the trials under way: they are run again by the next one. */
  #breakOff(cause: unknown): void {
    this.#course.close(cause);
    this.#abort.abort();
  }

  #hostOf(slots: Slots): TrialHost {
    const course = this.#course;
    return {
      signal: this.#abort.signal,
      activity: this.#settings.activity,
      report: (number, step, outcome) => course.told.report(number, step, outcome),
      shouldStop: (number) =>
        course.shouldStop(number, async (wait) => {
          this.#release(slots);
          try {
            await wait;
          } finally {
            await slots.acquire();
          }
        }),
    };
  }

  #isOverBudget(): boolean {
    return performance.now() >= this.#deadline;
  }

  #showProgress(): void {
    const { activity, header } = this.#settings;
    if (!activity.onProgress) return;
    const { trials } = this.#state;
    const results = resultsOf(header.directions, () => trials);
    const facts: Record<string, number | string> = {};
    if (header.directions.length > 1) facts.front = results.front().length;
    else facts.best = results.best()?.values?.[0] ?? 'none yet';
    activity.onProgress({
      task: 'study',
      done: trials.filter(({ state }) => state !== 'running').length,
      total: this.#course.maxTrials,
      facts,
    });
  }
}
