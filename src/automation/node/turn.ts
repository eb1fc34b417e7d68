import { setTimeout } from 'node:timers/promises';
import { Stopped } from '../../base/index.js';
import { LockHeld, takeLock } from './lock.js';

/** Milliseconds after which whoever waits looks again. */
const LOOK = 100;

/**
 * Does work while no other process does work by the lock file `path`, nor this one anything else by it: whoever comes meanwhile waits. A process that was killed holds
 * nobody up.
 * @throws Stopped when aborted while it waits; whatever the work throws.
 */
export async function inTurn<T>(path: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    if (signal?.aborted) throw new Stopped({ what: 'Stopped while others were waited for', where: path });
    const release = await taken(path);
    if (!release) {
      await setTimeout(LOOK);
      continue;
    }
    try {
      return await work();
    } finally {
      await release();
    }
  }
}

async function taken(path: string): Promise<(() => Promise<void>) | undefined> {
  try {
    return await takeLock(path);
  } catch (error) {
    if (error instanceof LockHeld) return undefined;
    throw error;
  }
}
