import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { EspalierError } from '../../base/index.js';
import { isRunning } from '../../base/node/index.js';

/** Another living process, or one on another machine, holds a lock. */
export class LockHeld extends EspalierError {}

/** Who holds a lock. */
const owner = z.object({
  pid: z.int(),
  host: z.string(),
  /** When the process began, in the system's own terms; tells a process from a later one with the same pid. Null where unknown. */
  born: z.string().nullable(),
  /** Different for every lock taken. */
  token: z.string(),
});
type Owner = z.infer<typeof owner>;

/**
 * Takes the lock file `path`, or throws. A lock whose process no longer lives on this machine is stale, and is replaced.
 * @returns a function that gives the lock back.
 * @throws LockHeld when another living process, or one on another machine, holds it.
 */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  const owner: Owner = { pid: process.pid, host: hostname(), born: birthOf(process.pid), token: randomBytes(8).toString('hex') };
  const own = `${path}.${owner.token}`;
  // Linked into place, so that nobody ever sees a lock without its owner in it.
  await writeFile(own, JSON.stringify(owner), { flag: 'wx' });
  try {
    while (!(await linkUnlessTaken(own, path))) await removeStale(own, path);
  } finally {
    await rm(own, { force: true });
  }
  return async () => {
    if ((await readOwner(path))?.token === owner.token) await rm(path, { force: true });
  };
}

/** Whether a process holds the lock: one that lives, or may live on another machine. Takes nothing, and removes nothing. */
export async function isLocked(path: string): Promise<boolean> {
  try {
    const owner = await readOwner(path);
    return owner !== undefined && !isStale(owner);
  } catch {
    // Whatever stands there, somebody put it there.
    return true;
  }
}

async function linkUnlessTaken(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a stale lock; refuses one that may still be held. Of several that find it stale at once, one at most may remove it: a second one would
 * remove the lock that the first has put in its place. So each leaves a marker of its own and then looks for others': whoever sees none is the only
 * one. Those that see each other all step back for a while.
 */
async function removeStale(own: string, path: string): Promise<void> {
  const owner = await readOwner(path);
  if (!owner) return;
  if (!isStale(owner)) throw held(path, owner);
  const marker = `${own}${MARKER}`;
  await link(own, marker);
  try {
    const isAlone = (await liveMarkers(path)).length === 1;
    if (isAlone && (await readOwner(path))?.token === owner.token) await rm(path, { force: true });
    if (isAlone) return;
  } finally {
    await rm(marker, { force: true });
  }
  await setTimeout(Math.random() * PATIENCE);
}

/** The end of the names of markers; before it stands the name of a lock's file and a token. */
const MARKER = '.takeover';
/** Milliseconds that those that meet at a stale lock step back for, at most. */
const PATIENCE = 50;

/** Markers of processes that run; those of others are removed. */
async function liveMarkers(path: string): Promise<string[]> {
  const start = `${basename(path)}.`;
  const names = await readdir(dirname(path));
  const markers = names.filter((name) => name.startsWith(start) && name.endsWith(MARKER)).map((name) => join(dirname(path), name));
  const live: string[] = [];
  for (const marker of markers) {
    const owner = await readOwner(marker);
    if (owner && isStale(owner)) await rm(marker, { force: true });
    else if (owner) live.push(marker);
  }
  return live;
}

async function readOwner(path: string): Promise<Owner | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { data } = owner.safeParse(JSON.parse(text));
    if (data) return data;
  } catch {
    // Said below.
  }
  throw new EspalierError({ what: 'This lock file cannot be read', where: path, fix: 'Remove it if nothing uses the journal beside it.' });
}

function isStale({ pid, host, born }: Owner): boolean {
  if (host !== hostname()) return false;
  if (!isRunning(pid)) return true;
  const now = birthOf(pid);
  return born !== null && now !== null && born !== now;
}

/** The boot and the clock tick at which a process began; null where /proc does not say. */
function birthOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // The second field, the program's name, may hold spaces and brackets; the start time is the 20th after it.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return null;
  }
}

function held(path: string, { pid, host }: Owner): LockHeld {
  const isHere = host === hostname();
  return new LockHeld({
    what: `The journal is in use by process ${pid}${isHere ? '' : ` on ${host}`}`,
    where: path,
    fix: isHere ? 'Wait for it to end, or stop it.' : 'If that machine no longer uses it, remove this lock file.',
  });
}
