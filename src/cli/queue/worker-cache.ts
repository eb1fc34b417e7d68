import { type Stats, statSync } from 'node:fs';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type CacheEntry, removeLeftovers, trimCache } from '../../base/node/index.js';

/** In the folder of each run: how it is opened, and by its time of change when it was used last. */
export const LOCATED = 'located.json';

/** Milliseconds between signs that a run is in use. */
const SIGN = 600_000;

/**
 * Removes what a worker has not used for longest from its cache, until the rest takes at most `limit` bytes: folders of runs, and what runs were given, which they may share.
 * @returns the bytes that were freed.
 */
export async function trimWorkerCache(cache: string, limit: number): Promise<number> {
  const entries: CacheEntry[] = [];
  for (const folder of ['runs', '.inputs']) {
    const path = join(cache, folder);
    if (!changed(path)) continue;
    await removeLeftovers(path, () => true);
    for (const name of await readdir(path)) {
      const entry = join(path, name);
      const found = (folder === 'runs' && changed(join(entry, LOCATED))) || changed(entry);
      if (found) entries.push({ path: entry, usedAt: found.mtimeMs });
    }
  }
  return trimCache(entries, limit);
}

/** Says again and again that a run is in use, until the function that is returned is called. @param folder of the run, in the cache. */
export function keepInUse(folder: string): () => void {
  const sign = () => {
    const now = new Date();
    // Where runs are not in a cache, there is nothing to say.
    void utimes(join(folder, LOCATED), now, now).catch(() => undefined);
  };
  const timer = setInterval(sign, SIGN).unref();
  return () => clearInterval(timer);
}

function changed(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
