import { OptionError } from '../base/index.js';
import { Course, type StudyEnd, whenStopped } from './course/course.js';
import { asJson } from './json.js';
import type { Point } from './parameters.js';
import { resultsOf, type StudyResults } from './results.js';
import { Runner } from './runner.js';
import { checkSameStudy, checkWhole, type StudyOptions, settingsOf } from './settings.js';
import { kinds, type StudyHeader, StudyState } from './state.js';
import type { JournalRecord, Storage } from './storages/index.js';
import type { AskedTrial, Outcome, TrialFailure } from './trial.js';

/**
 * A search in progress. `run` evaluates the objective in this process; `ask` and `tell` leave it to whoever asks, on this machine or another: then trials are proposed in the
 * same waves and end in the same results.
 */
export interface Study extends StudyResults {
  readonly header: StudyHeader;
  readonly storage: Storage;
  /**
   * The next trial to run: plain JSON. Waits where it depends on trials that others run.
   * @returns undefined where the study has ended.
   * @throws EspalierError when too many trials failed; Stopped when aborted.
   */
  ask(): Promise<AskedTrial | undefined>;
  /**
   * Says what came of a trial. The first to say so wins: a later outcome is compared with it, and kept in the journal and said where it differs beyond rounding.
   * @returns whether this was the first.
   * @throws DataError for an outcome that cannot be compared; OptionError for attributes that are not plain JSON, or a trial that nobody asked for.
   */
  tell(number: number, outcome: Outcome, attributes?: Readonly<Record<string, unknown>>): Promise<boolean>;
  /** Says that a trial failed, and why. @returns whether nobody had said how it ended. @throws OptionError for attributes that are not plain JSON. */
  fail(number: number, error: TrialFailure, attributes?: Readonly<Record<string, unknown>>): Promise<boolean>;
  /** Says that a trial was given up, as `shouldStop` advised. @returns whether nobody had said how it ended. */
  giveUp(number: number, attributes?: Readonly<Record<string, unknown>>): Promise<boolean>;
  /**
   * A measurement on the way, and a sign of life.
   * @param step above that of the last report. @param outcome see `Trial.report`; what is not finite counts as the worst.
   * @throws OptionError for a step that is not, for another number of values, and for a trial that has ended or went to another.
   */
  report(number: number, step: number, outcome: Outcome): Promise<void>;
  /** Whether the stopper gives a trial up, judged by its last report. At a synchronous rung it waits for all of its wave: so many must ask. */
  shouldStop(number: number): Promise<boolean>;
  /** A sign of life; see `leaseMs`. @throws OptionError for a trial that has ended or went to another. */
  heartbeat(number: number): void;
  /** Gives a trial back that was not run: the next that asks gets it. */
  handBack(number: number): void;
  /** From now on nobody is handed a trial, until `resume`: `ask` waits. What runs goes on. Not kept in the journal. */
  pause(): void;
  resume(): void;
  /**
   * Changes how many trials there are to be, as the option `maxTrials` says; not kept in the journal. As all that changes a study in its course, it ends the wave before the first trial that nobody has begun.
   * @throws OptionError for what is no positive integer.
   */
  setMaxTrials(trials: number): Promise<void>;
  /**
   * Has a point tried before whatever is proposed next, beyond `maxTrials` if need be; kept in the journal.
   * @throws OptionError for a point that is not in the space, or that is tried already where none is to be tried twice; and where the study has ended.
   */
  enqueue(point: Point): Promise<void>;
  /**
   * Judges every trial anew, once what the option `judge` says has changed; kept in the journal. What is proposed from then on is what is likeliest to keep the constraints.
   * @throws OptionError without `judge`.
   */
  rejudge(): Promise<void>;
  /**
   * Goes on until `maxTrials`, the budget or the end of the space. What an earlier run finished is kept; trials that it began are run
   * again with the same number, point and seed.
   * @throws Stopped when aborted, once the running objectives have ended; their trials stay 'running'. EspalierError when too many trials
   *   fail, or the journal cannot be written.
   */
  run(): Promise<StudyEnd>;
}

/**
 * Opens a study: a new one, or the one that the storage holds under this name.
 * @throws OptionError for bad options, and where they differ from those that the journal was begun with; FormatError for a journal that
 *   contradicts itself.
 */
export async function createStudy(options: StudyOptions): Promise<Study> {
  const settings = settingsOf(options);
  const { header, storage, space } = settings;
  const state = new StudyState(header.study, storage.records());
  if (state.header) {
    checkSameStudy(header, state.header);
    for (const trial of state.trials) space.check(trial.point);
  } else {
    await storage.record(kinds.header, header);
    state.apply({ kind: kinds.header, data: asJson(header, 'header') });
  }
  const course = new Course(settings, state);
  const { told } = course;
  const runner = new Runner(settings, state, course);
  const { signal } = settings.activity;
  const stop = () => course.close(whenStopped(header.study));
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  return Object.assign(
    resultsOf(header.directions, () => state.trials),
    {
      header,
      storage,
      run: () => runner.run(),
      ask: () => course.ask(),
      tell: told.tell.bind(told),
      fail: told.fail.bind(told),
      giveUp: told.giveUp.bind(told),
      report: async (number: number, step: number, outcome: Outcome) => told.report(number, step, outcome),
      shouldStop: (number: number) => course.shouldStop(number),
      heartbeat: told.heartbeat.bind(told),
      handBack: told.handBack.bind(told),
      pause: course.pause.bind(course),
      resume: course.resume.bind(course),
      setMaxTrials: async (trials: number) => {
        checkWhole({ trials }, 1);
        await course.setMaxTrials(trials);
      },
      enqueue: course.enqueue.bind(course),
      rejudge: course.rejudge.bind(course),
    },
  );
}

/** Opens a study and runs it; see `createStudy` and `Study.run`. */
export async function runStudy(options: StudyOptions): Promise<Study> {
  const study = await createStudy(options);
  await study.run();
  return study;
}

/**
 * What a journal says of a study, without running it.
 * @throws OptionError when the journal holds no study of this name; FormatError when it contradicts itself.
 */
export function readStudy(records: readonly JournalRecord[], name = 'study'): StudyResults & { readonly header: StudyHeader } {
  const state = new StudyState(name, records);
  if (!state.header) throw new OptionError({ what: `The journal holds no study named "${name}"`, where: 'name' });
  return Object.assign(
    resultsOf(state.header.directions, () => state.trials),
    { header: state.header },
  );
}
