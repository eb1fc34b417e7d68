import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FormatError } from '../../../base/index.js';
import { makeFolder, writeFileAtomic } from '../../../base/node/index.js';
import type { CheckpointStore } from '../../../technique/index.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../../training/index.js';
import { inDraft } from './models.js';
import type { Store } from './store.js';

/** Checkpoints as files. A damaged one counts as none: the work is done again from its start. */
export function checkpointFolder(folder: string): CheckpointStore {
  const path = (name: string) => join(folder, `${name}.checkpoint`);
  return {
    load: async (name) => (existsSync(path(name)) ? checkpointIn(path(name)) : undefined),
    save: async (name, checkpoint) => {
      makeFolder(folder);
      await writeFileAtomic(path(name), encodeCheckpoint(checkpoint));
    },
  };
}

/** Checkpoints of a stage in a store. @param work a folder on this machine for drafts. */
export function storedCheckpoints(store: Store, stage: string, work: string): CheckpointStore {
  const fileOf = (name: string) => `work/${stage}/${name}.checkpoint`;
  return {
    load: async (name) => {
      const path = await store.fetch(fileOf(name));
      return path === undefined ? undefined : checkpointIn(path);
    },
    save: async (name, checkpoint) => {
      await inDraft(work, async (draft) => {
        const path = join(draft, basename(fileOf(name)));
        await writeFileAtomic(path, encodeCheckpoint(checkpoint));
        await store.publish(fileOf(name), path, { replace: true });
      });
    },
  };
}

async function checkpointIn(path: string): Promise<Checkpoint | undefined> {
  try {
    return decodeCheckpoint(new Uint8Array(await readFile(path)));
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
