import { existsSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type CacheEntry, cacheEntries, removeLeftovers, trimCache } from '../../base/node/index.js';

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
    if (!existsSync(path)) continue;
    await removeLeftovers(path, () => true);
    for (const entry of await cacheEntries(path)) entries.push(entry);
  }
  return trimCache(entries, limit);
}

/** Says that the folder of a run is in use, by its time of change: now, and again and again until the function that is returned is called. */
export function keepInUse(folder: string): () => void {
  const sign = () => {
    const now = new Date();
    // What cannot be said has no consequence for an hour.
    void utimes(folder, now, now).catch(() => undefined);
  };
  sign();
  const timer = setInterval(sign, SIGN).unref();
  return () => clearInterval(timer);
}
