import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { type Activity, DataError, FormatError, UnsupportedError } from '../../base/index.js';
import type { DataSource, Dataset } from '../dataset.js';
import { listed } from '../formats/labels.js';
import { limitSource } from '../limit.js';
import { mapTargets, reorderClasses } from '../relabel.js';
import { checkClasses } from '../split.js';
import type { Targets } from '../targets.js';
import { BUILTIN } from './builtin.js';
import { unreadable } from './files.js';
import { isIdx, openIdx } from './idx.js';
import { isImage } from './images.js';
import { checkOptions, type OpenOptions } from './options.js';
import { type Entry, type Reader, readers, topFiles } from './readers/index.js';
import { filesByPart } from './readers/parts.js';
import { archiveTree, type FileTree, fileTree, folderTree, type TreeFile } from './tree.js';

const TAR = /\.(tar|tar\.gz|tgz)$/i;

/**
 * Opens data of any form that is read: see docs/data.md for the forms and how their parts and labels are found.
 * @param path a file, a folder, or "digits" or "iris" (write "./digits" for a folder of that name).
 * @throws DataError when there is nothing to read, one class, or too much is damaged; FormatError when a file is damaged or the form is not
 * clear; UnsupportedError for other forms; OptionError for impossible options; Stopped when the activity's signal is aborted.
 */
export async function openDataset(path: string, options: OpenOptions = {}, activity: Activity = {}): Promise<DataSource> {
  checkOptions(options);
  const source = inOrder(await openNamed(path, options, activity), options.classes);
  try {
    checkClasses(source.train);
  } catch (cause) {
    await source.close();
    throw cause;
  }
  const { limit } = options;
  return limit ? limitSource(source, limit.count, limit.seed) : source;
}

/**
 * Opens samples that are to be answered: as `openDataset`, but targets are not looked for, and a single file, an image say, is a sample of its own.
 * @throws as `openDataset`.
 */
export async function openSamples(path: string, options: OpenOptions = {}, activity: Activity = {}): Promise<DataSource> {
  const unlabelled = { ...options, labelled: false, label: false as const };
  if (isImage({ path })) return openTree(await fileTree(path), path, unlabelled, activity);
  checkOptions(unlabelled);
  return openNamed(path, unlabelled, activity);
}

/** The source with its classes in the order that was given, where its form has an order of its own. */
function inOrder(source: DataSource, order: readonly string[] | undefined): DataSource {
  const { targets } = source.train;
  if (!order || targets?.kind !== 'class' || String(targets.classes) === String(order)) return source;
  const names = new Set(targets.classes);
  if (names.size !== order.length || !order.every((name) => names.has(name))) return source;
  const change = (each: Targets) => (each.kind === 'class' ? reorderClasses(each, order) : each);
  const reordered = (part: Dataset) => mapTargets(part, change, `classes ${JSON.stringify(order)}`);
  const { train, validation, test } = source;
  return {
    ...source,
    train: reordered(train),
    ...(validation && { validation: reordered(validation) }),
    ...(test && { test: reordered(test) }),
  };
}

/** Whether a name is that of data that comes with the package. */
export function isBuiltin(name: string): name is keyof typeof BUILTIN {
  return Object.hasOwn(BUILTIN, name);
}

async function openNamed(path: string, options: OpenOptions, activity: Activity): Promise<DataSource> {
  if (!isBuiltin(path)) return openPath(path, options, activity);
  if (existsSync(path))
    activity.onMessage?.({ level: 'warning', text: `"${path}" is the built-in data; what lies here under this name is "./${path}".` });
  return BUILTIN[path](options);
}

async function openPath(path: string, options: OpenOptions, activity: Activity): Promise<DataSource> {
  const found = await stat(path).catch((cause) => Promise.reject(unreadable(path, cause)));
  if (found.isDirectory()) return openFolder(path, options, activity);
  if (TAR.test(path)) return openArchive({ '': path }, path, options, activity);
  if (isIdx(basename(path))) return openIdxFile(path, options);
  if (isImage({ path })) throw new DataError({ what: 'This is a single image', where: path, fix: 'Give the folder that it lies in' });
  return openTree(await fileTree(path), path, options, activity);
}

/** One IDX file stands for itself and the labels that belong to it. */
async function openIdxFile(path: string, options: OpenOptions): Promise<DataSource> {
  const [stem] = basename(path).split(/-(?:images|labels)[-.]/);
  const files = await readdir(dirname(path));
  return openIdx(
    dirname(path),
    files.filter((file) => isIdx(file) && file.startsWith(`${stem}-`)),
    options,
  );
}

/** A folder, which may hold archives named like parts instead of files. */
async function openFolder(path: string, options: OpenOptions, activity: Activity): Promise<DataSource> {
  const tree = await folderTree(path);
  const files = await tree.list();
  const archives = topFiles({ path, tree, files }, TAR);
  const others = claims({ path, tree, files });
  if (archives.length === 0) return openTree(tree, path, options, activity);
  if (others.length > 0) throw severalForms(path, [['tar archives', archives], ...others.map(([{ form }, own]) => [form, own] as const)]);
  const byPart = filesByPart(path, archives, TAR);
  const named = Object.entries(byPart).map(([part, [archive]]) => [archives.length === 1 ? '' : part, archive.at as string]);
  return openArchive(Object.fromEntries(named), path, options, activity);
}

/** @param archives the archive of each part; under "" the one of everything. */
async function openArchive(archives: Record<string, string>, path: string, options: OpenOptions, activity: Activity): Promise<DataSource> {
  const tree = await archiveTree(archives, options.maxUnpacked, activity.signal);
  for (const reader of readers()) {
    const kept = await reader.remember?.({ path, tree }, options, activity);
    if (kept) return kept;
  }
  return openTree(tree, path, options, activity);
}

/** Whatever form the files have. The tree is closed once they are read. */
async function openTree(tree: FileTree, path: string, options: OpenOptions, activity: Activity): Promise<DataSource> {
  try {
    const files = await tree.list();
    const entry: Entry = { path, tree: { ...tree, list: async () => [...files] }, files };
    const [claim, ...more] = claims(entry);
    if (!claim) throw nothingFound(entry);
    if (more.length > 0)
      throw severalForms(
        path,
        [claim, ...more].map(([{ form }, own]) => [form, own] as const),
      );
    const [reader, own] = claim;
    return await reader.open(entry, own, options, activity);
  } finally {
    await tree.close();
  }
}

/** Readers with the files that they recognize; those that give way only where there is no other. */
function claims(entry: Entry): (readonly [Reader, readonly TreeFile[]])[] {
  const all = readers()
    .map((reader) => [reader, reader.recognizes(entry)] as const)
    .filter(([, files]) => files.length > 0);
  const first = all.filter(([{ givesWay }]) => !givesWay);
  return first.length > 0 ? first : all;
}

function severalForms(path: string, forms: readonly (readonly [string, readonly TreeFile[]])[]): FormatError {
  const words = (files: readonly TreeFile[]) =>
    listed(
      files.map((file) => file.path),
      2,
    );
  return new FormatError({
    what: 'The folder holds several forms of data',
    where: path,
    // The fewest first: they are most likely what does not belong there.
    got: [...forms]
      .sort(([, a], [, b]) => a.length - b.length)
      .map(([form, files]) => `${files.length} ${form} (${words(files)})`)
      .join(', '),
    fix: 'Name the file or folder that is meant',
  });
}

function nothingFound({ path, files }: Entry): DataError {
  const readable = `${readers()
    .map(({ reads }) => reads)
    .join('; ')}; all that under train/ and test/ as well, or in .tar or .tar.gz; or the built-in names digits and iris`;
  const names = files.map((file) => file.path);
  const [only, ...more] = files;
  if (only?.at === path && more.length === 0)
    return new UnsupportedError({ what: 'This is no form of data that is read', where: path, expected: readable, got: `"${only.path}"` });
  return new DataError({
    what: files.length === 0 ? 'It holds no file' : 'It holds nothing that is read',
    where: path,
    expected: readable,
    got: files.length === 0 ? undefined : listed(names, 5),
  });
}
