import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EspalierError } from '../errors.js';

/**
 * Writes a whole file or nothing: to a temporary name in the same folder, flushed to the disk, then renamed over the target.
 * @throws EspalierError naming the file when it cannot be written (no space, no permission); the old file, if any, is untouched.
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string | Iterable<Uint8Array>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      const parts = typeof data === 'string' || data instanceof Uint8Array ? [data] : data;
      for (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new EspalierError({ what: `Could not write the file (${reason(cause)})`, where: path, fix: fixFor(cause) }, { cause });
  }
}

function reason(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException)?.code;
  return (
    { ENOSPC: 'the disk is full', EACCES: 'permission denied', ENOENT: 'its folder does not exist' }[code ?? ''] ?? code ?? String(cause)
  );
}

function fixFor(cause: unknown): string | undefined {
  const code = (cause as NodeJS.ErrnoException)?.code;
  if (code === 'ENOSPC') return 'Free some space and run the command again; nothing was half-written.';
  if (code === 'ENOENT') return 'Create the folder first.';
  return undefined;
}
