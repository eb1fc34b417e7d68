import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ResourceError } from '../errors.js';
import { fileReason } from './files.js';

/**
 * Makes a folder and those above it, where they are missing. (Where a file system refuses in an unusual way, as /proc does, Node's own recursive way
 * never ends.)
 * @throws ResourceError naming the folder that cannot be made: a file is in the way, or the system refuses.
 */
export function makeFolder(path: string): void {
  try {
    make(resolve(path));
  } catch (cause) {
    const isFile = ['EEXIST', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '');
    // Those above it are there by then.
    const isRefused = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = isFile ? 'a file is in the way' : isRefused ? 'this file system makes none there' : fileReason(cause);
    throw new ResourceError({ what: `The folder cannot be made: ${why}`, where: path, fix: 'Name another folder.' }, { cause });
  }
}

function make(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  const above = dirname(path);
  if (above !== path) make(above);
  try {
    mkdirSync(path);
  } catch (cause) {
    // Another process may have made it meanwhile.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw cause;
  }
}
