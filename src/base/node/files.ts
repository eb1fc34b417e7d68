import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { EspalierError } from '../errors.js';

/** What a file can be written from; parts that are made when they are asked for need not fit into memory together. */
export type FileContents = Uint8Array | string | Iterable<Uint8Array>;

/**
 * Writes a whole file or nothing: to a temporary name in the same folder, flushed to the disk, then renamed over the target. What writers that
 * were killed left behind under temporary names of this target is removed.
 * @throws EspalierError naming the file when it cannot be written (no space, no permission); the old file, if any, is untouched.
 */
export async function writeFileAtomic(path: string, data: FileContents): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${machine}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
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
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    if (cause instanceof EspalierError) throw cause;
    throw new EspalierError({ what: `Could not write the file (${reason(cause)})`, where: path, fix: fixFor(cause) }, { cause });
  }
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
 * Removes temporary files that writers on this machine left in a folder when they were killed: those of targets that `isTarget` says yes to, whose
 * process is gone.
 */
export async function removeLeftovers(folder: string, isTarget: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(folder)) {
    const match = /^\.(.+)\.([A-Za-z0-9-]+)\.(\d+)\.[0-9a-f]{8}\.tmp$/.exec(name);
    if (match?.[2] === machine && isTarget(match[1]) && !isRunning(Number(match[3]))) await rm(join(folder, name), { force: true });
  }
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A rename is on the disk only once its folder is. Not every system can flush folders; the file itself is safe either way. */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch {
    return;
  } finally {
    await handle?.close();
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'it is larger than a file may be here',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
};

function reason(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException)?.code;
  return reasons[code ?? ''] ?? code ?? String(cause);
}

function fixFor(cause: unknown): string | undefined {
  switch ((cause as NodeJS.ErrnoException)?.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'Free some space and run the command again; nothing was half-written.';
    case 'ENOENT':
      return 'Create the folder first.';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
      return 'Name another place.';
    default:
      return undefined;
  }
}
