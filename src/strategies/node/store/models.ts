import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatError } from '../../../base/index.js';
import { makeFolder } from '../../../base/node/index.js';
import { weightFiles } from '../../../onnx/node/index.js';
import type { Store } from './store.js';

/** A model's file on this machine. */
export interface FetchedModel {
  readonly path: string;
  /** Of the file, and of the files beside it that hold its weights, where it has such. Undefined for what is no whole model. */
  readonly sha256: string | undefined;
}

/** Fetches a model with the files that hold its weights. Undefined where it is not in the store. */
export async function fetchModel(store: Store, file: string): Promise<FetchedModel | undefined> {
  const path = await store.fetch(file);
  if (path === undefined) return undefined;
  const beside = weightsOf(path);
  if (beside === undefined) return { path, sha256: undefined };
  const paths = [path];
  for (const name of beside) {
    const weights = await store.fetch(`models/${name}`);
    if (weights === undefined) return { path, sha256: undefined };
    paths.push(weights);
  }
  const hash = createHash('sha256');
  for (const each of paths) for await (const part of createReadStream(each)) hash.update(part);
  return { path, sha256: hash.digest('hex') };
}

/** Publishes a model that was written into a folder: its weights first, so that a model that is there is whole. @returns the bytes of what is there now. */
export async function publishModel(store: Store, file: string, { draft, replace }: { draft: string; replace: boolean }): Promise<number> {
  const path = join(draft, file.slice('models/'.length));
  let bytes = 0;
  for (const name of weightFiles(path)) bytes += (await store.publish(`models/${name}`, join(draft, name), { replace })).bytes;
  return bytes + (await store.publish(file, path, { replace })).bytes;
}

/** Has something written into a folder that is gone afterwards. @param work where that may be. */
export async function inDraft<T>(work: string, write: (folder: string) => Promise<T>): Promise<T> {
  makeFolder(work);
  const draft = await mkdtemp(join(work, 'draft-'));
  try {
    return await write(draft);
  } finally {
    await rm(draft, { recursive: true, force: true });
    // Others may have something there.
    await rmdir(work).catch(() => undefined);
  }
}

/** Undefined where the file is damaged. */
function weightsOf(path: string): string[] | undefined {
  try {
    return weightFiles(path);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
