import { existsSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { attempted } from '../../../base/index.js';
import { isRunning } from '../../../base/node/index.js';
import type { LiveRun } from '../../../strategies/index.js';
import { Refusal } from '../refusal.js';
import type { RunSource } from './source.js';
import { frontOf, startingRun } from './summary.js';

/** Milliseconds between looks at a run that is followed. */
const LOOK = 500;
/** Who is at work in a run, as the lock beside its journal has it. */
const owner = z.object({ pid: z.number().int().min(1), host: z.string() });

/**
 * Runs as their folders show them from outside: whether somebody is at work, and the front once it is written. What happens inside of one that goes on is not looked at, and it is told
 * nothing.
 */
export const folderSource: RunSource = {
  read: async (folder) => read(folder, 0),
  follow: async (folder) => {
    let run = read(folder, 0);
    const listeners = new Set<() => void>();
    const look = async () => {
      const next = await attempted(
        () => read(folder, run.revision + 1),
        ({ message }): LiveRun => ({ ...run, revision: run.revision + 1, state: 'failed', error: message }),
      );
      if (next.state === run.state && next.updated === run.updated) return;
      run = next;
      for (const listener of listeners) listener();
    };
    const timer = setInterval(() => void look(), LOOK);
    return {
      get run() {
        return run;
      },
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      close: async () => clearInterval(timer),
    };
  },
  steer: async () => {
    throw new Refusal(409, { what: 'Runs in progress take no messages yet' });
  },
};

function read(folder: string, revision: number): LiveRun {
  const file = (name: string) => statSync(join(folder, name), { throwIfNoEntry: false });
  const times = {
    revision,
    begun: file('journal.jsonl')?.birthtimeMs ?? 0,
    updated: file('front.json')?.mtimeMs ?? file('journal.jsonl')?.mtimeMs ?? 0,
  };
  if (isAtWork(folder) || !existsSync(join(folder, 'front.json')))
    return { ...startingRun(basename(folder)), ...times, state: isAtWork(folder) ? 'searching' : 'stopped' };
  const { name, strategy, task, limits, objectives, baseline, models } = frontOf(folder);
  return { ...startingRun(name), ...times, state: 'complete', strategy, task, limits, objectives, baseline, models };
}

function isAtWork(folder: string): boolean {
  try {
    const { data } = owner.safeParse(JSON.parse(readFileSync(join(folder, 'journal.jsonl.lock'), 'utf8')));
    return data !== undefined && (data.host !== hostname() || isRunning(data.pid));
  } catch {
    // No lock, or one that is being written.
    return false;
  }
}
