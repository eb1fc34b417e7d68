import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isJournalOpen } from '../../../automation/node/index.js';
import { OptionError } from '../../../base/index.js';
import type { LiveRun } from '../../../strategies/index.js';
import { followRun, readRun, steer } from '../../../strategies/node/index.js';
import { Refusal } from '../refusal.js';
import type { FollowedRun, RunSource } from './source.js';
import { frontOf, startingRun } from './summary.js';

/** Milliseconds between looks at a run that has not begun to describe itself. */
const LOOK = 500;

/** Runs by what their processes write into their folders. */
export const folderSource: RunSource = {
  read: async (folder) => described(() => readRun(folder), folder),
  follow: async (folder) => {
    const followed = new Followed(folder);
    await followed.look();
    return followed;
  },
  steer: async (folder, message) => {
    try {
      await steer(folder, message);
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      throw new Refusal(409, { what: error.what, fix: error.fix });
    }
  },
};

/** A run that is followed from the moment on at which it describes itself; until then, and for ever where an earlier version made it, it is known from outside. */
class Followed implements FollowedRun {
  readonly #folder: string;
  readonly #listeners = new Set<() => void>();
  #run: LiveRun | undefined;
  #inner: Awaited<ReturnType<typeof followRun>> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get run(): LiveRun {
    return this.#run ?? startingRun(basename(this.#folder));
  }

  subscribe(onChange: () => void): () => void {
    this.#listeners.add(onChange);
    return () => this.#listeners.delete(onChange);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#inner?.close();
  }

  /** @throws EspalierError where the folder cannot be read. */
  async look(): Promise<void> {
    const inner = await described(() => followRun(this.#folder), this.#folder);
    if ('schema' in inner) {
      this.#set({ ...inner, revision: this.#run?.state === inner.state ? this.#run.revision : (this.#run?.revision ?? 0) + 1 });
      // A run that is damaged when it is looked at again stays as it was.
      if (!this.#isClosed) this.#timer = setTimeout(() => void this.look().catch(() => undefined), LOOK);
      return;
    }
    if (this.#isClosed) return inner.close();
    this.#inner = inner;
    inner.onChange(() => this.#set(inner.run()));
    this.#set(inner.run());
  }

  #set(run: LiveRun): void {
    if (run.revision === this.#run?.revision) return;
    this.#run = run;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** @returns what is read of a run that describes itself, and otherwise what is seen from outside. */
async function described<T>(read: () => Promise<T>, folder: string): Promise<T | LiveRun> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return fromOutside(folder);
  }
}

async function fromOutside(folder: string): Promise<LiveRun> {
  const journal = join(folder, 'journal.jsonl');
  const isAtWork = await isJournalOpen(journal);
  const file = (path: string) => statSync(path, { throwIfNoEntry: false });
  const front = join(folder, 'front.json');
  const times = { begun: file(journal)?.birthtimeMs ?? 0, updated: (file(front) ?? file(journal))?.mtimeMs ?? 0 };
  if (isAtWork || !existsSync(front)) return { ...startingRun(basename(folder)), ...times, state: isAtWork ? 'starting' : 'stopped' };
  const { name, strategy, task, limits, objectives, baseline, models } = frontOf(folder);
  return { ...startingRun(name), ...times, state: 'complete', strategy, task, limits, objectives, baseline, models };
}
