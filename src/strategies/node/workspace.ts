import { existsSync, mkdirSync, statSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openJournal } from '../../automation/node/index.js';
import { type Activity, EspalierError, FormatError } from '../../base/index.js';
import { writeFileAtomic } from '../../base/node/index.js';
import type { Model } from '../../onnx/index.js';
import { loadModel, saveModel } from '../../onnx/node/index.js';
import type { CheckpointStore } from '../../technique/index.js';
import { decodeCheckpoint, encodeCheckpoint } from '../../training/index.js';
import type { Workspace } from '../workspace.js';

/** A folder as a workspace: journal.jsonl, models/, and checkpoints under .work/ while they are needed. */
export interface FolderWorkspace extends Workspace {
  readonly folder: string;
  close(): Promise<void>;
}

/** @throws EspalierError where the folder cannot be made or another process is at work in it. */
export async function openWorkspace(folder: string, activity: Activity = {}): Promise<FolderWorkspace> {
  try {
    makeFolder(join(folder, 'models'));
  } catch (cause) {
    const isFile = ['EEXIST', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '');
    const why = isFile ? 'a file is in the way' : (cause as Error).message;
    throw new EspalierError({ what: `The folder cannot be made: ${why}`, where: folder, fix: 'Name another folder.' }, { cause });
  }
  const storage = await openJournal(join(folder, 'journal.jsonl'), activity);
  const fileOf = (id: string) => `models/${id}.onnx`;
  const workOf = (id: string) => join(folder, '.work', id);
  return {
    folder,
    name: folder,
    storage,
    fileOf,
    load: async (id): Promise<Model | undefined> => {
      const path = join(folder, fileOf(id));
      return existsSync(path) ? loadModel(path) : undefined;
    },
    save: async (id, model) => ({ bytes: await saveModel(model, join(folder, fileOf(id))), file: fileOf(id) }),
    checkpoints: (id) => checkpointFolder(workOf(id)),
    forget: (id) => rm(workOf(id), { recursive: true, force: true }),
    write: async (path, text) => {
      makeFolder(dirname(join(folder, path)));
      await writeFileAtomic(join(folder, path), text);
    },
    close: () => storage.close(),
  };
}

/** Makes a folder and those above it. (Where a file system refuses in an unusual way, as /proc does, Node's own recursive way never ends.) */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above);
  mkdirSync(path);
}

/** Checkpoints as files. A damaged one counts as none: the work is done again from its start. */
export function checkpointFolder(folder: string): CheckpointStore {
  const path = (name: string) => join(folder, `${name}.checkpoint`);
  return {
    load: async (name) => {
      if (!existsSync(path(name))) return undefined;
      try {
        return decodeCheckpoint(new Uint8Array(await readFile(path(name))));
      } catch (error) {
        if (error instanceof FormatError) return undefined;
        throw error;
      }
    },
    save: async (name, checkpoint) => {
      makeFolder(folder);
      await writeFileAtomic(path(name), encodeCheckpoint(checkpoint));
    },
  };
}
