import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Folders below the studio's in which runs are looked for. */
const DEEPEST = 5;
const MOST_RUNS = 1000;
/** Folders that are looked into: somebody may start the studio in a home folder. */
const MOST_FOLDERS = 10_000;
/** The file by which a run's folder is known. */
const JOURNAL = 'journal.jsonl';

/**
 * Finds the runs below a folder, or the one that it is itself: by id, which is the path of a run's folder within it, parts joined by "/".
 * Hidden folders, node_modules and symbolic links are not looked into, nor are the folders of runs.
 */
export async function findRuns(root: string): Promise<Map<string, string>> {
  const runs = new Map<string, string>();
  if ((await entriesOf(root)).some(isJournal)) return runs.set(basename(root), root);
  let level = [{ id: '', folder: root }];
  let looked = 0;
  for (let depth = 0; depth <= DEEPEST && level.length > 0; depth++) {
    const next: typeof level = [];
    for (const { id, folder } of level) {
      if (++looked > MOST_FOLDERS || runs.size >= MOST_RUNS) return runs;
      const entries = await entriesOf(folder);
      if (entries.some(isJournal)) {
        runs.set(id, folder);
        continue;
      }
      const inner = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules');
      for (const { name } of inner) next.push({ id: id === '' ? name : `${id}/${name}`, folder: join(folder, name) });
    }
    level = next;
  }
  return runs;
}

/** Whether a folder is a run's. */
export async function hasJournal(folder: string): Promise<boolean> {
  return (await lstat(join(folder, JOURNAL)).catch(() => undefined))?.isFile() ?? false;
}

function isJournal(entry: Dirent): boolean {
  return entry.name === JOURNAL && entry.isFile();
}

/** None where the folder may not be looked into, or is gone by now. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch(() => []);
}
