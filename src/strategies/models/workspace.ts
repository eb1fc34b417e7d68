import type { Storage } from '../../automation/index.js';
import type { Model } from '../../onnx/index.js';
import type { CheckpointStore } from '../../technique/index.js';

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
  /** Writes a text file (front.json, cards), wholly or not at all. */
  write(path: string, text: string): Promise<void>;
}
