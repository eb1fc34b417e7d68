import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { memoryStorage, type Storage } from '../../automation/index.js';
import { openJournal } from '../../automation/node/index.js';
import type { Activity } from '../../base/index.js';
import { makeFolder, writeFileAtomic } from '../../base/node/index.js';
import type { Model } from '../../onnx/index.js';
import { loadModel, saveModel } from '../../onnx/node/index.js';
import type { Workspace } from '../models/workspace.js';
import { openEvents } from './events.js';
import { folderInbox } from './inbox.js';
import { storedCheckpoints } from './store/checkpoints.js';
import { folderStore, type Store } from './store/index.js';
import { fetchModel, inDraft, publishModel } from './store/models.js';

/** Journal records that say what a model's file holds: { id, sha256 }. */
const KIND = 'file';
const fileRecord = z.object({ id: z.string(), sha256: z.string().nullable() });

/** A folder as a workspace: journal.jsonl, events.jsonl, models/, and checkpoints under .work/ while they are needed. */
export interface FolderWorkspace extends Workspace {
  readonly folder: string;
  close(): Promise<void>;
}

/** @throws EspalierError where the folder cannot be made or another process is at work in it. */
export async function openWorkspace(folder: string, activity: Activity = {}): Promise<FolderWorkspace> {
  makeFolder(join(folder, 'models'));
  const storage = await openJournal(join(folder, 'journal.jsonl'), activity);
  const made = workspaceIn(folder, { storage, store: folderStore(folder), isShared: false }, activity);
  const events = openEvents(join(folder, 'events.jsonl'), activity);
  const close = async () => {
    // Before the lock is gone: another process may begin then.
    await events.close();
    await made.close();
  };
  return { ...made, events, inbox: folderInbox(join(folder, 'steering')), close };
}

/**
 * The run that goes on in another process, as a worker has it: its journal is in memory, and a model that is there already stays, for another worker may have
 * said what it is.
 * @param store where the run's files are. Default: the folder.
 * @throws EspalierError where the folder cannot be made.
 */
export async function openWorkerWorkspace(folder: string, activity: Activity = {}, store = folderStore(folder)): Promise<FolderWorkspace> {
  makeFolder(join(folder, 'models'));
  return workspaceIn(folder, { storage: memoryStorage(), store, isShared: true }, activity);
}

interface WorkspaceParts {
  storage: Storage;
  store: Store;
  /** Whether others write models there, too. */
  isShared: boolean;
}

function workspaceIn(folder: string, { storage, store, isShared }: WorkspaceParts, activity: Activity): FolderWorkspace {
  const fileOf = (id: string) => `models/${id}.onnx`;
  const digestOf = (id: string) =>
    storage
      .records()
      .flatMap(({ kind, data }) => (kind === KIND ? (fileRecord.safeParse(data).data ?? []) : []))
      .findLast((each) => each.id === id)?.sha256;
  const workOf = (id: string) => join(folder, '.work', id);
  return {
    folder,
    name: store.name,
    storage,
    fileOf,
    load: async (id): Promise<Model | undefined> => {
      const found = await fetchModel(store, fileOf(id));
      if (!found) return undefined;
      if (found.sha256 === digestOf(id)) return loadModel(found.path);
      const text = `${fileOf(id)} was changed or damaged after it was written: it is not used.`;
      activity.onMessage?.({ level: 'warning', text });
      return undefined;
    },
    save: async (id, model) => {
      // One that a record speaks of was found damaged, or it would not be made again.
      const replace = !isShared || digestOf(id) !== undefined;
      const file = fileOf(id);
      const bytes = await inDraft(workOf(id), async (draft) => {
        await saveModel(model, join(draft, basename(file)));
        return publishModel(store, file, { draft, replace });
      });
      await storage.record(KIND, { id, sha256: (await fetchModel(store, file))?.sha256 ?? null });
      return { bytes, file };
    },
    checkpoints: (id) => storedCheckpoints(store, id, workOf(id)),
    forget: (id) => store.forget(id),
    write: async (path, contents) => {
      makeFolder(dirname(join(folder, path)));
      await writeFileAtomic(join(folder, path), contents);
    },
    close: () => storage.close(),
  };
}
