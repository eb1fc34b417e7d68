import type { Stats } from 'node:fs';
import { lstat, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryName } from './files.js';

/** A file or folder of a cache: it is there as a whole, or not at all. */
export interface CacheEntry {
  readonly path: string;
  /** When it was used last, in milliseconds since 1970. */
  readonly usedAt: number;
}

/** What lies in a folder of a cache, used when it was changed last; what is gone meanwhile is left out. @param isEntry default: all of it. */
export async function cacheEntries(folder: string, isEntry: (name: string, found: Stats) => boolean = () => true): Promise<CacheEntry[]> {
  const entries: CacheEntry[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found && isEntry(name, found)) entries.push({ path, usedAt: found.mtimeMs });
  }
  return entries;
}

/** Milliseconds for which what was used stays, however large it is: somebody may be reading it. */
const GRACE = 3_600_000;

/**
 * Removes what has not been used for longest from a cache, until the rest takes at most `limit` bytes. A file with several names counts once, is as lately used as the
 * latest of the entries that have it, and is freed with the last of them; an entry is as lately used as the oldest of its files. What was used within the last hour stays.
 * Several processes may do so at once.
 * @returns the bytes that were freed.
 */
export async function trimCache(entries: readonly CacheEntry[], limit: number): Promise<number> {
  const files = new Map<string, CachedFile>();
  const found: { path: string; usedAt: number; files: ReadonlySet<CachedFile> }[] = [];
  for (const { path, usedAt } of entries) {
    const own = new Set<CachedFile>();
    for (const { key, bytes } of await filesIn(path)) {
      const file = files.get(key) ?? { bytes, usedAt, holders: 0 };
      files.set(key, file);
      file.usedAt = Math.max(file.usedAt, usedAt);
      own.add(file);
    }
    for (const file of own) file.holders++;
    found.push({ path, usedAt, files: own });
  }
  let total = 0;
  for (const { bytes } of files.values()) total += bytes;
  for (const entry of found) {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { usedAt } of entry.files) oldest = Math.min(oldest, usedAt);
    if (entry.files.size > 0) entry.usedAt = oldest;
  }
  let freed = 0;
  for (const { path, usedAt, files: own } of found.sort((a, b) => a.usedAt - b.usedAt)) {
    if (total <= limit || Date.now() - usedAt < GRACE) break;
    if (!(await remove(path))) continue;
    for (const file of own) {
      if (--file.holders > 0) continue;
      total -= file.bytes;
      freed += file.bytes;
    }
  }
  return freed;
}

interface CachedFile {
  readonly bytes: number;
  usedAt: number;
  /** How many entries have it under one name or more. */
  holders: number;
}

/** Those that a path stands for, itself or below it, by what the file system knows them by; nothing where it is gone, or cannot be looked at. Links are not followed. */
async function filesIn(path: string): Promise<{ key: string; bytes: number }[]> {
  const found = await lstat(path, { bigint: true }).catch(() => undefined);
  if (!found) return [];
  if (!found.isDirectory()) return [{ key: `${found.dev}/${found.ino}`, bytes: Number(found.size) }];
  const files: { key: string; bytes: number }[] = [];
  for (const name of await readdir(path).catch(() => [])) for (const file of await filesIn(join(path, name))) files.push(file);
  return files;
}

/** First out of sight, so that nobody finds half of a folder. @returns whether it is gone: what somebody has open may have to stay. */
async function remove(path: string): Promise<boolean> {
  const gone = temporaryName(path);
  try {
    await rename(path, gone);
    await rm(gone, { recursive: true, force: true });
    return true;
  } catch (cause) {
    // Another process may have been faster.
    return (cause as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
