import { basename, join, resolve } from 'node:path';
import type { Activity } from '../../base/index.js';
import type { DataSource } from '../dataset.js';
import { keepAsTest, type PartName } from '../formats/arrays.js';
import { listed } from '../formats/labels.js';
import { cacheFolder, cacheName, readDescription } from './cache.js';
import { type Description, openCache, type TargetsOf, VERSION } from './image-cache.js';
import { decodeAll } from './image-passes.js';
import { layOutFiles, limited } from './layout.js';
import type { OpenOptions } from './options.js';
import type { Layout } from './parts.js';
import type { FileTree, TreeFile } from './tree.js';

const IMAGE = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;

export function isImage({ path }: Pick<TreeFile, 'path'>): boolean {
  return IMAGE.test(path);
}

/** What lies beside images and says what is to be answered for each. */
export interface Beside {
  targetsOf: TargetsOf;
  /** The part that an image belongs to. */
  partOf(file: TreeFile): PartName;
}

/** Where the decoded images of a tree are kept. @param isAnnotated whether their targets lie beside them. */
async function cachePath(where: string, options: OpenOptions, isAnnotated = false): Promise<string> {
  const { imageSize, fallbackSize, fit, labelled, classes, label, targets, limit, maxUnreadable, orient } = options;
  const key = [resolve(where), imageSize, fallbackSize, fit, labelled, classes, label, targets, limit, maxUnreadable, orient, isAnnotated];
  return join(await cacheFolder(options.cacheDir), cacheName(basename(resolve(where)), key));
}

/** What was kept of the very same tree when it was opened before in the same way; undefined where there is nothing. */
export async function rememberImages(
  tree: Pick<FileTree, 'stamp'>,
  where: string,
  options: OpenOptions,
  activity: Activity,
  targetsOf?: TargetsOf,
): Promise<DataSource | undefined> {
  const path = await cachePath(where, options, targetsOf !== undefined);
  const description = (await readDescription(path)) as Description | undefined;
  if (description?.version !== VERSION || description.stamp !== tree.stamp) return undefined;
  announce(description, where, activity);
  return openCache(description, path, where, options.memoryLimit ?? 2 ** 30, targetsOf);
}

/**
 * Opens a tree of images: decoded once, kept on disk, read back at once the next time.
 * @param where the folder or archive, for messages and the cache's key.
 * @param beside gives parts and targets, where these lie beside the images. Default: folders do.
 */
export async function openImages(
  tree: FileTree,
  where: string,
  options: OpenOptions,
  activity: Activity,
  beside?: Beside,
): Promise<DataSource> {
  const targetsOf = beside?.targetsOf;
  const kept = await rememberImages(tree, where, options, activity, targetsOf);
  if (kept) return kept;
  const path = await cachePath(where, options, targetsOf !== undefined);
  const all = await tree.list();
  const files = all.filter(isImage);
  const layout = limited(beside ? inParts(files, beside) : await layOutFiles(files, all, where, 'image', options, activity), options);
  const description = await decodeAll(
    layout,
    path,
    tree.stamp,
    where,
    { ...options, keepsFiles: targetsOf !== undefined || options.labelled === false },
    activity,
  );
  announce(description, where, activity);
  return openCache(description, path, where, options.memoryLimit ?? 2 ** 30, targetsOf);
}

function inParts(files: readonly TreeFile[], { partOf }: Beside): Layout {
  const parts: Partial<Record<PartName, { files: TreeFile[] }>> = {};
  for (const name of ['train', 'validation', 'test'] as const) {
    const own = files.filter((file) => partOf(file) === name);
    if (own.length > 0) parts[name] = { files: own };
  }
  return keepAsTest(parts);
}

function announce({ unreadable, resized, image }: Description, where: string, activity: Activity): void {
  if (unreadable.length > 0) {
    const text = `${where}: ${unreadable.length} image(s) could not be read and are left out: ${listed(unreadable, 5)}.`;
    activity.onMessage?.({ level: 'warning', text });
  }
  if (resized) activity.onMessage?.({ level: 'info', text: `${where}: images are brought to ${image.width}×${image.height}.` });
}
