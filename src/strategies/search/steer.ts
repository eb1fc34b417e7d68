import type { Storage, Study } from '../../automation/index.js';
import { type Activity, OptionError } from '../../base/index.js';
import type { Criteria } from '../criteria/criteria.js';
import { checkLimits } from '../criteria/limits.js';
import type { Recorder } from '../live/recorder.js';
import type { Posted } from '../models/inbox.js';
import type { Limits } from '../results/info.js';
import { changedLimits, STEERED, type Steered, steeredIn } from '../results/steered.js';
import { parseSteering, type Steering } from '../results/steering.js';
import type { Clock } from './clock.js';

/** What steers a search. */
export interface SteeringNeeds {
  storage: Storage;
  criteria: Criteria;
  /** How many trials were asked for. */
  trials: number;
  /** Whether models are compiled, so that RAM and flash are known. */
  isCompiled: boolean;
  recorder: Pick<Recorder, 'state' | 'begun'>;
  activity: Activity;
}

/** What a run was told, so far: what its journal has of it, and what comes while it goes on. */
export class Steerer {
  /** What models must keep to now. */
  limits: Limits;
  /** How many recipes are to be tried. */
  trials: number;
  isPaused = false;
  readonly #needs: SteeringNeeds;

  constructor(needs: SteeringNeeds) {
    this.#needs = needs;
    this.limits = needs.criteria.limits;
    this.trials = needs.trials;
    const told = needs.storage.records().flatMap((record) => steeredIn(record) ?? []);
    for (const { message, instead } of told) this.#note(message, instead);
    if (told.length > 0) this.#say();
  }

  #note(message: Steering, instead: number | undefined): void {
    if (message.kind === 'limits') this.limits = changedLimits(this.limits, message.limits);
    // A command that asks for another number than it did then knows better.
    else if (message.kind === 'trials' && instead === this.#needs.trials) this.trials = message.trials;
    else if (message.kind === 'pause' || message.kind === 'resume') this.isPaused = message.kind === 'pause';
  }

  /** Has the study judge its trials by limits that were changed right before a process was killed. */
  async goOn(study: Study): Promise<void> {
    const records = this.#needs.storage.records();
    const changed = records.findLastIndex((record) => steeredIn(record)?.message.kind === 'limits');
    const judged = records.findLastIndex(({ kind }) => kind === 'trials.rejudged');
    if (changed > judged) await study.rejudge();
    if (!this.isPaused) return;
    study.pause();
    this.#needs.recorder.state('paused');
  }

  /** What of an earlier process holds for this one. */
  #say(): void {
    const { activity, criteria, trials } = this.#needs;
    const say = (text: string) => activity.onMessage?.({ level: 'info', text });
    if (JSON.stringify(this.limits) !== JSON.stringify(criteria.limits))
      say(`The limits were changed in the course of this run: ${limitsText(this.limits)}.`);
    if (this.trials !== trials) say(`This run was told to try ${this.trials} recipes.`);
    if (this.isPaused) say('This run is paused: "espalier steer FOLDER resume" lets it go on.');
  }

  /** Takes a message: the study follows it from the next trial on. What makes no sense is said, and removed. */
  async take(posted: Posted, study: Study, clock: Clock): Promise<void> {
    const { activity } = this.#needs;
    try {
      const message = parseSteering(posted.content, posted.name);
      this.#check(message, posted);
      await this.#follow(message, study, clock);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      activity.onMessage?.({ level: 'warning', text: `A message to the run was not followed: ${why}` });
    }
    // One that cannot be removed is taken again: what it says holds already.
    await posted.remove().catch(() => undefined);
  }

  /** @throws OptionError for limits that this run cannot judge, and a stop that another process was told. */
  #check(message: Steering, { at }: Posted): void {
    const { criteria, isCompiled, recorder } = this.#needs;
    if (message.kind === 'stop' && at < recorder.begun)
      throw new OptionError({ what: 'It was to stop a process that is gone', where: 'stop' });
    if (message.kind !== 'limits') return;
    const limits = changedLimits(this.limits, message.limits);
    checkLimits(limits);
    const { maxLatency, maxRam, maxFlash } = message.limits;
    if (typeof maxLatency === 'number' && !criteria.objectives.includes('latency'))
      throw new OptionError({
        what: 'This run does not time its models',
        where: 'maxLatency',
        fix: 'Begin another with --objectives latency or --max-latency.',
      });
    if ((typeof maxRam === 'number' || typeof maxFlash === 'number') && !isCompiled)
      throw new OptionError({
        what: 'This run does not compile its models',
        where: 'maxRam, maxFlash',
        fix: 'Begin another with --compile.',
      });
  }

  async #follow(message: Steering, study: Study, clock: Clock): Promise<void> {
    const { activity, recorder, storage, trials } = this.#needs;
    const say = (text: string) => activity.onMessage?.({ level: 'info', text });
    // A point that is not in the space is not followed, and so not written down.
    if (message.kind === 'trial') await study.enqueue(message.point);
    const next = study.trials.findLastIndex(({ state }) => state !== 'running') + 1;
    const record: Steered = { message, trial: next, ...(message.kind === 'trials' && { instead: trials }) };
    await storage.record(STEERED, record);
    this.#note(message, record.instead);
    switch (message.kind) {
      case 'pause':
        study.pause();
        recorder.state('paused');
        return say('Paused: no trial is begun until the run is resumed.');
      case 'resume':
        recorder.state('searching');
        study.resume();
        return say('Resumed.');
      case 'stop':
        clock.end();
        return say('Told to stop: what is done is measured and written.');
      case 'limits':
        await study.rejudge();
        return say(`The limits are now ${limitsText(this.limits)}.`);
      case 'trials':
        await study.setMaxTrials(message.trials);
        return say(`${message.trials} recipes are tried in all.`);
      case 'trial':
        return say('A recipe was put in by hand: it is tried next.');
    }
  }
}

function limitsText({ rules = [], ...limits }: Limits): string {
  const named = Object.entries(limits).map(([name, limit]) => `${name} ${limit}`);
  return [...named, ...rules.map(({ metric, relation, value }) => `${metric}${relation}${value}`)].join(', ') || 'none';
}
