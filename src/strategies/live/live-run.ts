import { type JournalRecord, type Json, StudyState, type TrialRecord } from '../../automation/index.js';
import { metricNamed } from '../../metrics/index.js';
import type { RunEvent } from '../results/event.js';
import type { Limits, ModelInfo, RunInfo } from '../results/info.js';
import { LIVE_SCHEMA, type LiveChange, type LiveRun, type LiveTrial, type RunState } from '../results/live.js';
import { changedLimits, steeredIn } from '../results/steered.js';
import { curveOf, epochsOf } from './curve.js';
import { LiveFront } from './front.js';
import { Happenings } from './happenings.js';
import { LIVE_RECORD, type LiveRecord, modelsIn, parseRunRecord, stoppedIn } from './record.js';
import { secondsLeft, settlingLeft } from './time-left.js';

/** The name of the study in a run's journal. */
const STUDY = 'study';

/** What of a run is written whole where it changes. */
type Fields = Omit<LiveRun, 'schema' | 'revision' | 'models' | 'trials'>;

/** A run in progress, put together from its journal and its events as they come, each at the cost of what it changes. */
export class RunInProgress {
  readonly #state = new StudyState(STUDY, []);
  readonly #happenings = new Happenings();
  readonly #models = new Map<string, ModelInfo>();
  readonly #trials = new Map<number, LiveTrial>();
  readonly #changedModels = new Set<string>();
  readonly #changedTrials = new Set<number>();
  #record: LiveRecord | undefined;
  #limits: Limits = {};
  #wanted = 0;
  #front: LiveFront | undefined;
  #isHeld = true;
  #ended = 0;
  #revision = 0;
  #told: Partial<Record<keyof Fields, string>> = {};

  /** Whether the journal says what the run is, so that there is something to show. */
  get isKnown(): boolean {
    return this.#record !== undefined;
  }

  /** @throws FormatError where the journal contradicts itself. */
  addRecord(record: JournalRecord): void {
    const { kind, data } = record;
    const steered = steeredIn(record);
    if (kind === LIVE_RECORD) this.#describe(parseRunRecord(data));
    else if (steered?.message.kind === 'limits') this.#limit(changedLimits(this.#limits, steered.message.limits));
    else if (steered?.message.kind === 'trials') this.#wanted = steered.message.trials;
    else if (kind === 'study' || kind.includes('.')) this.#advance(record);
  }

  addEvent(event: RunEvent): void {
    const trial = this.#happenings.add(event);
    if (trial !== undefined) this.#refresh(trial);
  }

  /** @param isHeld whether a process is at work. */
  setHeld(isHeld: boolean): void {
    this.#isHeld = isHeld;
  }

  /** What the run has come to, once it is complete. */
  finish(info: RunInfo): void {
    this.#limits = info.limits;
    if (this.#record) this.#record = { ...this.#record, baseline: info.baseline, objectives: info.objectives };
    for (const model of info.models) this.#replaceModel(model);
  }

  /** The run as it stands. @param now milliseconds since 1970. */
  run(now = Date.now()): LiveRun {
    const models = [...this.#models.values()];
    const trials = [...this.#trials.values()].sort((a, b) => a.number - b.number);
    return { schema: LIVE_SCHEMA, revision: this.#revision, ...this.#fields(now), models, trials };
  }

  get state(): RunState {
    return this.#happenings.stateOf(this.#isHeld);
  }

  /** What has changed since the last call; undefined where nothing has. */
  change(now = Date.now()): LiveChange | undefined {
    const changed: Record<string, unknown> = {};
    const fields = this.#fields(now);
    for (const name of Object.keys(fields) as (keyof Fields)[]) {
      const text = JSON.stringify(fields[name]) ?? '';
      if (this.#told[name] === text) continue;
      this.#told[name] = text;
      // The passing of time alone is no change.
      if (name !== 'updated' && name !== 'secondsLeft') changed[name] = fields[name];
    }
    if (this.#changedModels.size > 0) changed.models = [...this.#changedModels].map((id) => this.#models.get(id));
    if (this.#changedTrials.size > 0) changed.trials = [...this.#changedTrials].map((number) => this.#trials.get(number));
    if (Object.keys(changed).length === 0) return undefined;
    this.#changedModels.clear();
    this.#changedTrials.clear();
    const { updated, secondsLeft: left } = fields;
    return { revision: ++this.#revision, updated, secondsLeft: left, ...changed };
  }

  #describe(record: LiveRecord | undefined): void {
    if (!record) return;
    if (!this.#record || record.trials !== this.#record.trials) this.#wanted = record.trials;
    const before = this.#record;
    this.#record = record;
    // A process that goes on repeats what was given; what was changed since holds.
    if (!before?.baseline) this.#limit(record.limits);
  }

  #limit(limits: Limits): void {
    this.#limits = limits;
    const { baseline, objectives, task } = this.#record ?? {};
    if (!baseline || !objectives || !task) return;
    try {
      const judging = { baseline, objectives, limits, metric: metricNamed(task.metric) };
      this.#front = new LiveFront(judging, this.#models.values(), (model) => this.#replaceModel(model));
    } catch {
      // A metric that was added from outside, say: then there are models, and no front until it is written.
      this.#front = undefined;
    }
  }

  #advance(record: JournalRecord): void {
    this.#state.apply(record);
    const { number } = record.data as { number?: Json };
    if (typeof number !== 'number' || record.kind === 'wave.cut') return;
    // One that was given up, or failed, has made what came before.
    for (const model of modelsIn(this.#state.trials[number]?.attributes.candidates)) this.#addModel(model, number);
    const before = this.#trials.get(number)?.state ?? 'running';
    this.#refresh(number);
    if (before === 'running' && (this.#trials.get(number)?.state ?? 'running') !== 'running') this.#ended++;
  }

  #addModel(given: ModelInfo, trial: number): void {
    if (this.#models.has(given.id)) return;
    const model = { ...given, trial };
    if (this.#front) this.#front.add(model);
    else this.#replaceModel(model);
  }

  #replaceModel(model: ModelInfo): void {
    this.#models.set(model.id, model);
    this.#changedModels.add(model.id);
  }

  /** A trial that was begun, as it stands. Proposals that nobody has begun are shown once somebody has. */
  #refresh(number: number): void {
    const record = this.#state.trials[number];
    if (!record || (record.state === 'running' && !this.#state.isBegun(number))) return;
    this.#trials.set(number, this.#liveTrial(record));
    this.#changedTrials.add(number);
  }

  #liveTrial(record: TrialRecord): LiveTrial {
    const { number, state, point, values, attributes, error, byHand } = record;
    const models = modelsIn(attributes.candidates);
    const { recipe, label, begun, ended, epochs } = this.#happenings.trial(number);
    // The last model of one that was given up, or failed, is that of an earlier step.
    const last = state === 'completed' ? models.at(-1) : undefined;
    // Of one that failed the models say nothing of the training that did.
    const trained = state === 'failed' && epochs.length > 0 ? [] : epochsOf(models);
    const known = { recipe: last?.recipe ?? recipe, label: last?.label ?? label, begun, ended, error: error?.message };
    return {
      ...{ number, state, point, models: models.map(({ id }) => id) },
      ...curveOf(record, trained.length > 0 ? trained : epochs),
      ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
      ...(values && { values }),
      ...(state === 'stopped' && stoppedIn(attributes)),
      ...(byHand && { byHand }),
    };
  }

  #fields(now: number): Fields {
    const { name = '', strategy = '', task = { name: '', kind: '', metric: '' }, objectives, baseline, begun = 0 } = this.#record ?? {};
    const { error, workers, messages } = this.#happenings;
    const { state } = this;
    const isAtWork = state === 'starting' || state === 'searching' || state === 'settling';
    const left = isAtWork ? this.#secondsLeft(state, now) : undefined;
    return {
      ...{ name, state, strategy, task, limits: this.#limits, begun, updated: this.#happenings.at || begun },
      ...(state === 'failed' && error !== undefined && { error }),
      ...(objectives && { objectives: [...objectives] }),
      ...(baseline && { baseline }),
      ...(this.#state.header && { space: this.#state.header.space }),
      wanted: Math.max(this.#wanted, this.#trials.size),
      workers: state === 'paused' || isAtWork ? workers : [],
      messages: [...messages],
      ...(left !== undefined && { secondsLeft: Math.round(left) }),
    };
  }

  #secondsLeft(state: 'starting' | 'searching' | 'settling', now: number): number | undefined {
    const { jobs, deadline, settling, durations, secondsEach } = this.#happenings;
    if (state === 'settling') return settling && settlingLeft((now - settling.since) / 1000, settling.done, settling.total);
    if (state === 'starting') return undefined;
    const running = this.#happenings.running().map((begun) => Math.max(0, now - begun) / 1000);
    const left = Math.max(0, this.#wanted - this.#ended);
    const budget = (deadline - now) / 1000;
    return secondsLeft({ ended: durations, running, left, jobs, expected: secondsEach, budget, chosen: this.#front?.size ?? 0 });
  }
}

/**
 * A run as its records and events tell it.
 * @param records of the run's journal. @param events of its events.jsonl. @param isHeld whether a process is at work in it. Default: true.
 * @throws FormatError where the journal contradicts itself.
 */
export function liveRun(
  records: readonly JournalRecord[],
  events: readonly RunEvent[],
  { isHeld = true, now = Date.now() }: { isHeld?: boolean; now?: number } = {},
): LiveRun {
  const made = new RunInProgress();
  for (const record of records) made.addRecord(record);
  for (const event of events) made.addEvent(event);
  made.setHeld(isHeld);
  return made.run(now);
}
