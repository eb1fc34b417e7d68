import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromLine, isJournalOpen } from '../../automation/node/index.js';
import { FormatError, OptionError } from '../../base/index.js';
import { RunInProgress } from '../live/live-run.js';
import { parseEvent } from '../results/event.js';
import type { LiveChange, LiveRun } from '../results/live.js';
import { parseRunInfo } from '../results/schema.js';
import { Tail } from './tail.js';

export interface FollowOptions {
  /** Milliseconds between looks where the system says nothing of changes: a folder on another machine, a process that was killed. Default 1000. */
  pollMs?: number;
  /** Milliseconds from a change to the look at it, so that several are seen at once. Default 100. */
  gatherMs?: number;
  /** Told where a look failed; the next one may not. Default: nobody is. */
  onError?: (error: unknown) => void;
}

/** A run's folder, followed. */
export interface FollowedRun {
  /** The run as it stands. */
  run(): LiveRun;
  /** Tells of every change from now on. @returns what ends that. */
  onChange(listener: (change: LiveChange) => void): () => void;
  close(): Promise<void>;
}

/**
 * Reads the folder of a run, without taking its lock.
 * @throws OptionError where there is no run; FormatError where its journal is damaged.
 */
export async function readRun(folder: string): Promise<LiveRun> {
  const files = new RunFiles(folder);
  await files.look();
  return files.run();
}

/**
 * Follows a run through its folder, without taking its lock: each change costs what it changes, however many trials there are.
 * @throws OptionError where there is no run yet; FormatError where its journal is damaged.
 */
export async function followRun(folder: string, options: FollowOptions = {}): Promise<FollowedRun> {
  const { pollMs = 1000, gatherMs = 100, onError } = options;
  const files = new RunFiles(folder);
  await files.look();
  files.change();
  const listeners = new Set<(change: LiveChange) => void>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking: Promise<void> = Promise.resolve();
  let isClosed = false;
  const look = async (): Promise<void> => {
    try {
      await files.look();
      const change = files.change();
      if (change) for (const tell of [...listeners]) tell(change);
    } catch (error) {
      onError?.(error);
    }
  };
  const lookIn = (milliseconds: number): void => {
    if (isClosed) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      looking = looking.then(look).then(() => {
        if (timer === undefined) lookIn(pollMs);
      });
    }, milliseconds);
  };
  let isGathering = false;
  const hear = (): void => {
    if (isGathering) return;
    isGathering = true;
    setTimeout(() => {
      isGathering = false;
      lookIn(0);
    }, gatherMs).unref();
  };
  const watcher = watched(folder, hear);
  lookIn(pollMs);
  return {
    run: () => files.run(),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      watcher?.close();
      await looking;
    },
  };
}

/** Not every file system can tell of changes; then there is the poll. */
function watched(folder: string, hear: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, hear);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

/** The files of a run's folder, each read as far as it is new. */
class RunFiles {
  readonly #folder: string;
  readonly #run = new RunInProgress();
  readonly #journal: Tail;
  readonly #events: Tail;
  #isFinished = false;

  constructor(folder: string) {
    this.#folder = folder;
    this.#journal = new Tail(join(folder, 'journal.jsonl'));
    this.#events = new Tail(join(folder, 'events.jsonl'));
  }

  async look(): Promise<void> {
    // Before the files: what a process wrote before it let go of the lock is read then.
    const isHeld = await isJournalOpen(join(this.#folder, 'journal.jsonl'));
    await this.#journal.read((line) => {
      const record = fromLine(line);
      if (record) this.#run.addRecord(record);
      else throw new FormatError({ what: 'The journal is damaged', where: join(this.#folder, 'journal.jsonl'), got: line.slice(0, 60) });
    });
    await this.#events.read((line) => {
      const event = parseEvent(line);
      if (event) this.#run.addEvent(event);
    });
    this.#run.setHeld(isHeld);
    if (!this.#run.isKnown)
      throw new OptionError({
        what: 'There is no run here that says how it stands',
        where: this.#folder,
        fix: 'One that has just begun says so in a moment; one of an earlier version is shown by "espalier report" once it is complete.',
      });
    await this.#finish();
  }

  run(): LiveRun {
    return this.#run.run();
  }

  change(): LiveChange | undefined {
    return this.#run.change();
  }

  /** Takes what front.json says, once the run is complete. */
  async #finish(): Promise<void> {
    const isComplete = this.#run.state === 'complete';
    if (isComplete === this.#isFinished) return;
    this.#isFinished = isComplete;
    if (!isComplete) return;
    const path = join(this.#folder, 'front.json');
    this.#run.finish(parseRunInfo(JSON.parse(await readFile(path, 'utf8')), path));
  }
}
