import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../refusal.js';
import type { RunSource } from './source.js';
import { frontOf, startingRun } from './summary.js';

/** Runs as their folders have them. */
export const folderSource: RunSource = {
  read: async (folder) => {
    if (!existsSync(join(folder, 'front.json'))) return { ...startingRun(folder, 0), state: 'stopped' };
    const { name, strategy, task, limits, objectives, baseline, models } = frontOf(folder);
    return { ...startingRun(name, 0), state: 'complete', strategy, task, limits, objectives, baseline, models };
  },
  follow: async (folder) => {
    let run = await folderSource.read(folder);
    const listeners = new Set<() => void>();
    const timer = setInterval(async () => {
      run = await folderSource.read(folder);
      for (const listener of listeners) listener();
    }, 500);
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
    throw new Refusal(409, { what: 'Nobody is at work in this run' });
  },
};
