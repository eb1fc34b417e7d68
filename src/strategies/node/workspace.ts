import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { memoryStorage, type Storage } from '../../automation/index.js';
import { openJournal } from '../../automation/node/index.js';
import { type Activity, FormatError } from '../../base/index.js';
import { makeFolder, writeFileAtomic } from '../../base/node/index.js';
import type { Model } from '../../onnx/index.js';
import { loadModel, saveModel } from '../../onnx/node/index.js';
import type { CheckpointStore } from '../../technique/index.js';
import { decodeCheckpoint, encodeCheckpoint } from '../../training/index.js';
import type { Workspace } from '../models/workspace.js';
import { openEvents } from './events.js';
import { folderInbox } from './inbox.js';

/** Journal records that say what a model's file holds: { id, sha256 }. */
const KIND = 'file';

/** A folder as a workspace: journal.jsonl, events.jsonl, models/, and checkpoints under .work/ while they are needed. */
export interface FolderWorkspace extends Workspace {
  readonly folder: string;
  close(): Promise<void>;
}

/** @throws EspalierError where the folder cannot be made or another process is at work in it. */
export async function openWorkspace(folder: string, activity: Activity = {}): Promise<FolderWorkspace> {
  makeFolder(join(folder, 'models'));
  const made = workspaceIn(folder, await openJournal(join(folder, 'journal.jsonl'), activity), activity);
  const events = openEvents(join(folder, 'events.jsonl'), activity);
  const close = async () => {
    // Before the lock is gone: another process may begin then.
    await events.close();
    await made.close();
  };
  return { ...made, events, inbox: folderInbox(join(folder, 'steering')), close };
}

/**
 * The folder of a run that goes on in another process, as a worker has it: its journal is in memory, and a model that is there already stays, for another worker may have
 * said what it is.
 * @throws EspalierError where the folder cannot be made.
 */
export async function openWorkerWorkspace(folder: string, activity: Activity = {}): Promise<FolderWorkspace> {
  makeFolder(join(folder, 'models'));
  return workspaceIn(folder, memoryStorage(), activity, true);
}

/** @param isShared whether others write models there, too. */
function workspaceIn(folder: string, storage: Storage, activity: Activity, isShared = false): FolderWorkspace {
  const fileOf = (id: string) => `models/${id}.onnx`;
  const digestOf = (id: string) =>
    storage
      .records()
      .filter(({ kind, data }) => kind === KIND && (data as { id?: unknown }).id === id)
      .map(({ data }) => (data as { sha256?: unknown }).sha256)
      .at(-1);
  const workOf = (id: string) => join(folder, '.work', id);
  return {
    folder,
    name: folder,
    storage,
    fileOf,
    load: async (id): Promise<Model | undefined> => {
      const path = join(folder, fileOf(id));
      if (!existsSync(path)) return undefined;
      if ((await sha256(path)) === digestOf(id)) return loadModel(path);
      const text = `${fileOf(id)} was changed or damaged after it was written: it is not used.`;
      activity.onMessage?.({ level: 'warning', text });
      return undefined;
    },
    save: async (id, model) => {
      const path = join(folder, fileOf(id));
      // One that a record speaks of was found damaged, or it would not be made again.
      const stays = isShared && digestOf(id) === undefined && existsSync(path);
      const bytes = stays ? statSync(path).size : await saveModel(model, path);
      await storage.record(KIND, { id, sha256: await sha256(path) });
      return { bytes, file: fileOf(id) };
    },
    checkpoints: (id) => checkpointFolder(workOf(id)),
    forget: (id) => rm(workOf(id), { recursive: true, force: true }),
    write: async (path, contents) => {
      makeFolder(dirname(join(folder, path)));
      await writeFileAtomic(join(folder, path), contents);
    },
    close: () => storage.close(),
  };
}

/** The digest of a model's file and of the files with its weights, where it has such. */
async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  const beside = (await readdir(dirname(path))).filter((name) => name.startsWith(`${basename(path)}.`) && name.endsWith('.data')).sort();
  for (const name of [basename(path), ...beside]) for await (const part of createReadStream(join(dirname(path), name))) hash.update(part);
  return hash.digest('hex');
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
