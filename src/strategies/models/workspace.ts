import type { Storage } from '../../automation/index.js';
import { EspalierError } from '../../base/index.js';
import type { Model } from '../../onnx/index.js';
import type { CheckpointStore } from '../../technique/index.js';
import type { EventSink } from '../results/event.js';
import type { ModelInfo } from '../results/info.js';
import type { Inbox } from './inbox.js';

/** Where a run keeps what it makes. In Node a folder; in a page whatever the page has. Everything in it survives a kill. */
export interface Workspace {
  /** What errors call it: a folder's path. */
  name: string;
  /** The journal. */
  storage: Storage;
  /** A model kept under this id; undefined where there is none, or its file is no longer what was written. */
  load(id: string): Promise<Model | undefined>;
  /** Writes a model, wholly or not at all. @returns its size in bytes and its path relative to the workspace. */
  save(id: string, model: Model): Promise<{ bytes: number; file: string }>;
  /** Where the file of model `id` is, relative to the workspace. */
  fileOf(id: string): string;
  /** Checkpoints of work that is under way. */
  checkpoints(id: string): CheckpointStore;
  /** Removes the checkpoints of work that is done. */
  forget(id: string): Promise<void>;
  /** Writes another file (front.json, cards, code), wholly or not at all. */
  write(path: string, contents: string | Uint8Array): Promise<void>;
  /** What happens is written there for those who look on. Default: nowhere. */
  events?: EventSink;
  /** Where messages to the run are left. Default: it is told nothing. */
  inbox?: Inbox;
}

/** A measured model, from its written file. @throws EspalierError where the file is gone or damaged. */
export async function storedModel(
  { id, file }: Pick<ModelInfo, 'id' | 'file'>,
  workspace: Pick<Workspace, 'name' | 'load'>,
): Promise<Model> {
  const model = await workspace.load(id);
  if (model) return model;
  throw new EspalierError({
    what: `The file of a model that was made here is gone or damaged: ${file}`,
    where: workspace.name,
    fix: 'Put it back, or begin a new run in another folder.',
  });
}
