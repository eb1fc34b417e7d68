import { createHash } from 'node:crypto';
import { constants, createReadStream, existsSync, type Stats, statSync } from 'node:fs';
import { copyFile, link, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OptionError } from '../../../base/index.js';
import { fileError, makeFolder, removeLeftovers, syncFolder, temporaryName } from '../../../base/node/index.js';
import { type Artefact, kindOfArtefact, type Store } from './store.js';

/** The artefacts of a run in its folder, which machines may share: models/, and in hidden folders what is only for workers. */
export function folderStore(folder: string): Store {
  const known = new Map<string, { stamp: string; artefact: Artefact }>();
  const look = async (name: string): Promise<Artefact | undefined> => {
    const path = artefactPath(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found?.isFile()) return undefined;
    const stamp = stampOf(found);
    const before = known.get(name);
    if (before?.stamp === stamp) return before.artefact;
    const artefact = { bytes: found.size, sha256: await sha256Of(path) };
    known.set(name, { stamp, artefact });
    return artefact;
  };
  const tidied = new Map<string, Promise<void>>();
  /** Makes a folder, and removes what writers that were killed left in it. */
  const tidy = (path: string): Promise<void> => {
    makeFolder(path);
    const known = tidied.get(path) ?? removeLeftovers(path, () => true);
    tidied.set(path, known);
    return known;
  };
  return {
    name: folder,
    look,
    fetch: async (name) => {
      const path = artefactPath(folder, name);
      return existsSync(path) ? path : undefined;
    },
    publish: async (name, path, { replace = false } = {}) => {
      const target = artefactPath(folder, name);
      try {
        await tidy(dirname(target));
        const isOwn = (replace || !existsSync(target)) && (await place(path, target, replace));
        const artefact = await look(name);
        if (artefact) return { ...artefact, isOwn: isOwn || artefact.sha256 === (await sha256Of(path)) };
      } catch (cause) {
        throw fileError('The file could not be kept', target, cause);
      }
      throw fileError('The file could not be kept', target, { code: 'ENOENT' });
    },
    forget: (stage) => rm(join(folder, '.work', stage), { recursive: true, force: true }),
  };
}

/** Where an artefact is in the folder of its run. @throws OptionError for what is no name of one. */
export function artefactPath(folder: string, name: string): string {
  const kind = kindOfArtefact(name);
  if (kind === undefined)
    throw new OptionError({
      what: 'Not the name of a file that a run keeps',
      where: folder,
      expected: 'such as models/prune-1f3a9c02.onnx',
      got: name,
    });
  return join(folder, kind === 'model' ? name : `.${name}`);
}

/** SHA-256 of a file, in hexadecimal digits. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part);
  return hash.digest('hex');
}

function stampOf({ ino, size, mtimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs}`;
}

/** Gives a file another name, or copies it there, under its name only once it is whole and on the disk. @returns whether it is there now: not where another was first. */
async function place(path: string, target: string, replace: boolean): Promise<boolean> {
  const temporary = temporaryName(target);
  try {
    // A name costs nothing; where the disk is another, or refuses, it is a copy.
    await link(path, temporary).catch(() => copyFile(path, temporary, constants.COPYFILE_EXCL));
    const file = await open(temporary, 'r');
    await file.sync().finally(() => file.close());
    if (replace) await rename(temporary, target);
    else if (!(await named(temporary, target))) return false;
    await syncFolder(dirname(target));
    return true;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** A name for a file, unless there is another file of that name. */
async function named(temporary: string, target: string): Promise<boolean> {
  try {
    await link(temporary, target);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(target)) return false;
    // Some file systems know no second names.
    await rename(temporary, target);
    return true;
  }
}
