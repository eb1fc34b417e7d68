import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EspalierError } from '../base/index.js';

/** @throws EspalierError where no file can be written at this path. */
export function checkWritable(path: string): void {
  if (kindOf(path) === 'folder')
    throw new EspalierError({ what: 'This is a folder', where: path, expected: 'the name of a file to write' });
  const folder = dirname(path);
  if (kindOf(folder) !== 'folder') throw new EspalierError({ what: 'There is no such folder', where: folder, fix: 'Create it first.' });
  checkAccess(folder);
}

/** @throws EspalierError where a folder of this name can neither be used nor made. */
export function checkFolder(path: string): void {
  let above = resolve(path);
  while (kindOf(above) === undefined) above = dirname(above);
  if (kindOf(above) === 'file')
    throw new EspalierError({ what: 'A file is in the way of this folder', where: path, got: above, fix: 'Name another.' });
  checkAccess(above);
}

/** Undefined for what is not there. */
function kindOf(path: string): 'folder' | 'file' | undefined {
  if (!existsSync(path)) return undefined;
  return statSync(path).isDirectory() ? 'folder' : 'file';
}

function checkAccess(folder: string): void {
  try {
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw new EspalierError({ what: 'Nothing may be written into this folder', where: folder, fix: 'Name another.' }, { cause });
  }
}
