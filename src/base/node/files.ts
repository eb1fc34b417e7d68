import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { EspalierError, ResourceError } from '../errors.js';

/** What a file can be written from; parts that are made when they are asked for need not fit into memory together. */
export type FileContents = Uint8Array | string | Iterable<Uint8Array>;

/**
 * Writes a whole file or nothing: to a temporary name in the same folder, flushed to the disk, then renamed over the target. What writers that
 * were killed left behind under temporary names of this target is removed.
 * @param check looks at the whole file under its temporary name; where it throws, nothing is written and its error goes on to the caller.
 * @throws ResourceError naming the file when it cannot be written (no space, no permission); the old file, if any, is untouched. EspalierError
 *   where the name is a folder's, a device's or a pipe's.
 */
export async function writeFileAtomic(path: string, data: FileContents, check?: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = temporaryName(path);
  let isChecked = true;
  try {
    await requireRegular(path);
    await removeLeftovers(dirname(path), (name) => name === basename(path));
    const file = await open(temporary, 'wx');
    try {
      for (const part of typeof data === 'string' || data instanceof Uint8Array ? [data] : data) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    isChecked = false;
    await check?.(temporary);
    isChecked = true;
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw cause instanceof EspalierError || !isChecked ? cause : fileError('Could not write the file', path, cause);
  }
}

/** A name beside the target's for what is not finished; `removeLeftovers` knows it, and knows whose it is. */
export function temporaryName(target: string): string {
  return join(dirname(target), `.${basename(target)}.${machine}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
}

/** Folders may be shared by machines, and each knows its own processes only. */
const machine = hostname().replace(/[^A-Za-z0-9-]/g, '-');

/** Renaming over a device or a pipe would put a file in its place. */
async function requireRegular(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found || found.isFile()) return;
  const got = found.isDirectory() ? 'a folder' : 'a device or a pipe';
  throw new EspalierError({ what: 'Could not write the file', where: path, expected: 'a regular file or a new name', got });
}

/**
 * Removes temporary files and folders that processes on this machine left in a folder when they were killed: those of targets that `isTarget` says yes to, whose
 * process is gone.
 */
export async function removeLeftovers(folder: string, isTarget: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(folder)) {
    const match = /^\.(.+)\.([A-Za-z0-9-]+)\.(\d+)\.[0-9a-f]{8}\.tmp$/.exec(name);
    if (match?.[2] === machine && isTarget(match[1]) && !isRunning(Number(match[3])))
      await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Whether there is a process of this number on this machine. */
export function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (cause) {
    // Whatever else the system says of it, it may be there.
    return (cause as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** A new name is on the disk only once its folder is. Not every system can flush folders; the file itself is safe either way. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** What the system's refusal to read or write a file means, and what to do about it. */
export function fileError(what: string, path: string, cause: unknown): ResourceError {
  const code = (cause as NodeJS.ErrnoException)?.code ?? '';
  return new ResourceError({ what: `${what} (${fileReason(cause)})`, where: path, fix: fixes[code] }, { cause });
}

/** Why the system refused to read or write a file, in words; its code where there are none for it. */
export function fileReason(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException)?.code ?? '';
  return reasons[code] ?? (code || String(cause));
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'it is larger than a file may be here',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'its folder is a file',
  EISDIR: 'it is a folder',
  EMFILE: 'too many files are open',
};

const space = 'Free some space and run it again; nothing was half-written, and what was done before is kept.';
const elsewhere = 'Name another place, or change the rights of this one.';
const fixes: Readonly<Record<string, string>> = {
  ENOSPC: space,
  EDQUOT: space,
  ENOENT: 'Check the path, or create the folder first.',
  EACCES: elsewhere,
  EPERM: elsewhere,
  EROFS: elsewhere,
  ENOTDIR: 'Name another place.',
  EISDIR: 'Name a file.',
};
