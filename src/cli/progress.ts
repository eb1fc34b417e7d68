import { formatDuration, type ProgressEvent } from '../base/index.js';

/** A piece of work that says nothing for so long is not shown any more, in milliseconds. */
const STALE_MS = 5000;
/** Width of a bar, in characters. */
const BAR = 20;
/** The task whose events count the trials of a search. */
const STUDY = 'study';

interface Tracked {
  /** When it was first heard of, and how much was done then: work of an earlier run takes no time in this one. */
  started: number;
  before: number;
  heard: number;
  last: ProgressEvent;
}

/** Turns progress events into one line: the search, where there is one, and what is being done now. Times in milliseconds. */
export class Progress {
  /** By the first part of the task's name: one entry for each trial that runs. */
  readonly #tracked = new Map<string, Tracked>();

  add(event: ProgressEvent, now: number): void {
    const [group] = event.task.split('/');
    const known = this.#tracked.get(group);
    const isSame = known && known.last.task === event.task && event.done >= known.last.done;
    const { started, before } = isSame ? known : { started: now, before: event.done };
    this.#tracked.delete(group);
    this.#tracked.set(group, { started, before, heard: now, last: event });
  }

  /** @param bar whether to draw a bar; else only numbers. */
  line(now: number, bar: boolean): string {
    const study = this.#tracked.get(STUDY);
    const active = [...this.#tracked].filter(([group, { heard }]) => group !== STUDY && now - heard < STALE_MS).map(([, each]) => each);
    if (study && !isFinished(study.last)) {
      const { done, total, facts } = study.last;
      // Trials differ, so that their pace alone says little of those to come.
      const left = study.last.secondsLeft === undefined ? [] : timeLeft(study, now);
      const head = [`trials ${meter(study.last, bar)}${done} of ${total ?? '?'}`, ...factsOf(facts), ...left].join('  ');
      return [head, ...active.map(({ last }) => `${last.task.split('/').join(' ')} ${share(last)}`)].join(' | ');
    }
    return active
      .map((each) =>
        [
          `${each.last.task.split('/').join(' ')} ${meter(each.last, bar)}${share(each.last)}`,
          ...factsOf(each.last.facts),
          ...timeLeft(each, now),
        ].join('  '),
      )
      .join(' | ');
  }
}

function isFinished({ done, total }: ProgressEvent): boolean {
  return total !== undefined && done >= total;
}

function meter({ done, total }: ProgressEvent, bar: boolean): string {
  if (!bar || !total) return '';
  const full = Math.round((Math.min(done, total) / total) * BAR);
  return `${'━'.repeat(full)}${'╌'.repeat(BAR - full)} `;
}

function share({ done, total }: ProgressEvent): string {
  return total ? `${Math.floor((100 * done) / total)}%` : String(done);
}

function factsOf(facts: ProgressEvent['facts'] = {}): string[] {
  return Object.entries(facts).map(([name, value]) => `${name} ${typeof value === 'number' ? shorten(value) : value}`);
}

function shorten(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
}

function timeLeft({ started, before, heard, last: { done, total, secondsLeft } }: Tracked, now: number): string[] {
  if (secondsLeft !== undefined) return [`${formatDuration(secondsLeft - (now - heard) / 1000)} left`];
  if (total === undefined || done <= before || done >= total) return [];
  return [`${formatDuration(((now - started) / (done - before) / 1000) * (total - done))} left`];
}
