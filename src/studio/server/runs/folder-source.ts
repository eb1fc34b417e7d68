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
  follow: async (folder) => ({ run: await folderSource.read(folder), subscribe: () => () => undefined, close: async () => undefined }),
  steer: async () => {
    throw new Refusal(409, { what: 'Nobody is at work in this run' });
  },
};
