import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Activity, DataError, FormatError, OptionError, UnsupportedError } from '../../base/index.js';
import type { DataSource, Dataset } from '../dataset.js';
import { type PartName, partOf } from '../formats/arrays.js';
import { listed } from '../formats/labels.js';
import { mapTargets, reorderClasses } from '../relabel.js';
import { checkClasses } from '../split.js';
import type { Targets } from '../targets.js';
import { ANNOTATIONS, openAnnotated } from './annotated.js';
import { BUILTIN } from './builtin.js';
import { unreadable } from './files.js';
import { isIdx, openIdx } from './idx.js';
import { openImages } from './images.js';
import { isImage } from './layout.js';
import { openNpy, openNpyFolder, openNpz } from './numpy.js';
import type { OpenOptions } from './options.js';
import { openTables } from './tables.js';
import { archiveTree, folderTree } from './tree.js';

const TAR = /\.(tar|tar\.gz|tgz)$/i;
const TABLE = /\.(csv|tsv)(\.gz)?$/i;
const NPY = /\.npy$/i;
const NPZ = /\.npz$/i;

const READABLE =
  'class folders of images or a plain folder of images (.jpg, .png, .webp, .gif, .tiff, .avif), also under train/ and test/, or all that in .tar or .tar.gz; ' +
  "MNIST's IDX files; .csv or .tsv, also gzipped; .npy or .npz; or the built-in names digits and iris";

/**
 * Opens data of any form that is read: see docs/data.md for the forms and how their parts and labels are found.
 * @param path a file, a folder, or "digits" or "iris" (write "./digits" for a folder of that name).
 * @throws DataError when there is nothing to read, one class, or too much is damaged; FormatError when a file is damaged or the form is not
 * clear; UnsupportedError for other forms; OptionError for impossible options; Stopped when the activity's signal is aborted.
 */
export async function openDataset(path: string, options: OpenOptions = {}, activity: Activity = {}): Promise<DataSource> {
  checkOptions(options);
  const source = inOrder(await (isBuiltin(path) ? BUILTIN[path]() : openPath(path, options, activity)), options.classes);
  try {
    checkClasses(source.train);
  } catch (cause) {
    await source.close();
    throw cause;
  }
  return source;
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

function isBuiltin(name: string): name is keyof typeof BUILTIN {
  return Object.hasOwn(BUILTIN, name);
}

async function openPath(path: string, options: OpenOptions, activity: Activity): Promise<DataSource> {
  const found = await stat(path).catch((cause) => Promise.reject(unreadable(path, cause)));
  return found.isDirectory() ? openFolder(path, options, activity) : openFile(path, options, activity);
}

async function openFile(path: string, options: OpenOptions, activity: Activity): Promise<DataSource> {
  const name = basename(path);
  if (isIdx(name)) return openIdxFile(path, options);
  if (TAR.test(name)) {
    const tree = await archiveTree({ '': path });
    const { annotations, labelled } = options;
    if (annotations === undefined || labelled === false) return openImages(tree, path, options, activity);
    return openAnnotated(tree, annotations, path, options, activity);
  }
  if (TABLE.test(name)) return openTables({ train: path }, path, options, activity);
  if (NPY.test(name)) return openNpy(path, options);
  if (NPZ.test(name)) return openNpz(path, options);
  if (isImage(name)) throw new DataError({ what: 'This is a single image', where: path, fix: 'Give the folder that it lies in' });
  throw new UnsupportedError({ what: 'This is no form of data that is read', where: path, expected: READABLE, got: `"${name}"` });
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

/** What a folder may be, found by the names in it. */
async function openFolder(path: string, options: OpenOptions, activity: Activity): Promise<DataSource> {
  const names = (await readdir(path).catch((cause) => Promise.reject(unreadable(path, cause))))
    .filter((name) => !name.startsWith('.'))
    .sort();
  const kinds = {
    'IDX files': names.filter(isIdx),
    'tar archives': names.filter((name) => TAR.test(name)),
    tables: names.filter((name) => TABLE.test(name)),
    '.npy arrays': names.filter((name) => NPY.test(name)),
    '.npz archives': names.filter((name) => NPZ.test(name)),
  };
  const tree = await folderTree(path);
  const annotations = options.annotations ?? names.filter((name) => ANNOTATIONS.includes(name)).map((name) => join(path, name))[0];
  if (annotations !== undefined && options.labelled !== false) return openAnnotated(tree, annotations, path, options, activity);
  const images = (await tree.list()).filter((file) => isImage(file.path));
  const present = Object.entries({ ...kinds, images: images.map((file) => file.path) }).filter(([, files]) => files.length > 0);
  if (present.length === 0) throw nothingFound(path, await tree.list());
  if (present.length > 1) {
    throw new FormatError({
      what: 'The folder holds several forms of data',
      where: path,
      got: present.map(([kind, files]) => `${files.length} ${kind} (${listed(files, 2)})`).join(', '),
      fix: 'Name the file or folder that is meant',
    });
  }
  const [[kind, files]] = present;
  const at = (name: string) => join(path, name);
  switch (kind) {
    case 'IDX files':
      return openIdx(path, files, options);
    case 'tar archives':
      return openImages(await archiveTree(mapValues(byPart(path, files, TAR), at)), path, options, activity);
    case 'tables':
      return openTables(mapValues(byPart(path, files, TABLE), at), path, options, activity);
    case '.npy arrays':
      return files.length === 1 ? openNpy(at(files[0]), options) : openNpyFolder(path, files, options);
    case '.npz archives':
      if (files.length === 1) return openNpz(at(files[0]), options);
      throw severalFiles(path, files, 'one .npz archive');
    default:
      return openImages(tree, path, options, activity);
  }
}

/** Files named like parts of a data set, by part; a single file is everything. */
function byPart(folder: string, files: readonly string[], extension: RegExp): Partial<Record<PartName, string>> {
  if (files.length === 1) return { train: files[0] };
  const parts = new Map(files.map((file) => [partOf(file.replace(extension, '')), file]));
  if (parts.has('train') && !parts.has(undefined) && parts.size === files.length) return Object.fromEntries(parts);
  throw severalFiles(folder, files, 'one file, or files named train with test or val');
}

function severalFiles(folder: string, files: readonly string[], expected: string): FormatError {
  return new FormatError({
    what: 'It is not clear which files belong together',
    where: folder,
    expected,
    got: listed(files),
    fix: 'Name the file that is meant',
  });
}

function nothingFound(path: string, files: readonly { path: string }[]): DataError {
  return new DataError({
    what: files.length === 0 ? 'The folder is empty' : 'The folder holds nothing that is read',
    where: path,
    expected: READABLE,
    got:
      files.length === 0
        ? 'no file'
        : listed(
            files.map((file) => file.path),
            5,
          ),
  });
}

function mapValues(parts: Partial<Record<PartName, string>>, change: (value: string) => string): Partial<Record<PartName, string>> {
  return Object.fromEntries(Object.entries(parts).map(([part, value]) => [part, change(value)]));
}

function checkOptions(options: OpenOptions): void {
  const { maxUnreadable = 0, memoryLimit = 0, fit = 'cover', classes } = options;
  const check = (name: keyof OpenOptions, good: boolean, expected: string) => {
    if (good) return;
    throw new OptionError({ what: 'Not a usable value', where: `option "${name}"`, expected, got: JSON.stringify(options[name]) });
  };
  for (const name of ['imageSize', 'fallbackSize'] as const) {
    const size = options[name];
    check(name, !size || [size.width, size.height].every((side) => Number.isInteger(side) && side > 0), 'positive whole width and height');
  }
  check('maxUnreadable', maxUnreadable >= 0 && maxUnreadable <= 1, 'a share in [0, 1]');
  check('memoryLimit', memoryLimit >= 0, 'a number of bytes');
  check('fit', ['cover', 'fill', 'contain'].includes(fit), '"cover", "fill" or "contain"');
  check('classes', !classes || (classes.length > 1 && new Set(classes).size === classes.length), 'at least two names, all different');
}
