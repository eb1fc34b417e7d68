import { type Activity, DataError } from '../../../base/index.js';
import type { DataSource, Dataset } from '../../dataset.js';
import { keepAsTest, type PartName, partOf } from '../../formats/arrays.js';
import { byCodeUnit, classesOf, listed, numberLabels } from '../../formats/labels.js';
import { textDataset } from '../../ragged.js';
import { classTargets, type Targets } from '../../targets.js';
import { contentOf } from '../files.js';
import { layOutFiles, limited } from '../layout.js';
import type { OpenOptions } from '../options.js';
import type { TreeFile } from '../tree.js';
import type { Entry, Reader } from './reader.js';

const TEXT = /\.txt$/i;
/** What lies beside data and is none. */
const ABOUT = /(^|\/)(readme|license|licence|notice|copying|changelog|requirements|metadata)\b[^/]*$/i;

/** Texts in class folders, one a file; or a file for each class, of one text a line. */
export const texts: Reader = {
  form: 'texts',
  reads: 'texts (.txt) in class folders, or one file of lines for each class, named like it',
  givesWay: true,
  recognizes: (entry) => {
    const files = entry.files.filter((file) => TEXT.test(file.path) && !ABOUT.test(file.path));
    return files.length > 0 ? files : sameStem(entry);
  },
  open: async ({ path, files: all }, files, options, activity) =>
    files.every((file) => classFile(file).folders === 0)
      ? openLines(path, files, options, activity)
      : openDocuments(path, files, all, options, activity),
};

/** Files of one name whose extensions name the classes: rt-polarity.pos and rt-polarity.neg. */
function sameStem({ files }: Entry): TreeFile[] {
  const own = files.filter(({ path }) => !ABOUT.test(path));
  const stems = new Set(own.map(({ path }) => classFile({ path }).stem));
  const extensions = own.map(({ path }) => /\.([a-z]+)$/i.exec(path)?.[1]);
  return own.length > 1 && stems.size === 1 && extensions.every((extension) => extension !== undefined) ? own : [];
}

/** What a path says: the part of the data, folders that say something else, the name and what its extension is. */
function classFile({ path }: Pick<TreeFile, 'path'>): { part?: PartName; folders: number; stem: string; extension: string } {
  const pieces = path.split('/');
  const name = pieces.pop() as string;
  const part = pieces.map(partOf).find((each) => each !== undefined);
  const dot = name.lastIndexOf('.');
  return {
    part,
    folders: pieces.filter((each) => partOf(each) === undefined).length,
    stem: name.slice(0, dot),
    extension: name.slice(dot + 1),
  };
}

async function openDocuments(
  path: string,
  files: readonly TreeFile[],
  all: readonly TreeFile[],
  options: OpenOptions,
  activity: Activity,
): Promise<DataSource> {
  const parts = limited(await layOutFiles(files, all, path, 'text', options, activity), options);
  const found: Partial<Record<PartName, Dataset>> = {};
  for (const [part, { files: own, targets }] of Object.entries(parts)) {
    const read: string[] = [];
    for (const file of own) read.push(await readText(file, `${path}, ${file.path}`, options.maxUnpacked));
    const dataset = textDataset(nameOf(path, part, parts), read, targets);
    found[part as PartName] = options.labelled === false ? { ...dataset, files: own.map((file) => file.path) } : dataset;
  }
  return asSource(path, 'texts in class folders', found);
}

/** Files that hold a class each, a text a line; a single file is texts without labels. */
async function openLines(path: string, files: readonly TreeFile[], options: OpenOptions, activity: Activity): Promise<DataSource> {
  const stems = new Set(files.map((file) => classFile(file).stem));
  const parts: Partial<Record<PartName, { texts: string[]; labels: string[] }>> = {};
  for (const file of files) {
    const { part = 'train', stem, extension } = classFile(file);
    const lines = (await readText(file, `${path}, ${file.path}`, options.maxUnpacked))
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    const own = parts[part] ?? { texts: [], labels: [] };
    parts[part] = own;
    const label = stems.size === 1 && files.length > 1 ? extension : stem;
    for (const line of lines) {
      own.texts.push(line);
      own.labels.push(label);
    }
  }
  const kept = keepAsTest(parts);
  const isLabelled = files.length > 1 && options.labelled !== false;
  const classes = options.classes ?? classesOf([...(kept.train?.labels ?? [])].sort(byCodeUnit), path);
  if (isLabelled)
    activity.onMessage?.({ level: 'info', text: `${path}: each line is a text, and the files are the classes ${listed(classes)}.` });
  const found = Object.entries(kept).map(([part, { texts: own, labels }]) => {
    const targets: Targets | undefined = isLabelled ? classTargets(numberLabels(labels, classes, path), classes) : undefined;
    return [part, textDataset(nameOf(path, part, kept), own, targets)] as const;
  });
  return asSource(path, isLabelled ? 'texts, a file for each class' : 'texts without labels', Object.fromEntries(found));
}

function nameOf(path: string, part: string, parts: object): string {
  return Object.keys(parts).length > 1 ? `${path} (${part})` : path;
}

function asSource(path: string, format: string, { train, ...others }: Partial<Record<PartName, Dataset>>): DataSource {
  if (!train) throw new DataError({ what: 'There is no training part', where: path });
  return { name: path, format, train, ...others, close: async () => undefined };
}

/**
 * A file as text: UTF-8, else Latin-1. Lines end with a line feed alone: other characters that break lines, as NEL, are part of the text.
 * @throws DataError for bytes that are no text.
 */
async function readText(file: TreeFile, where: string, maxUnpacked: number | undefined): Promise<string> {
  const bytes = await contentOf(file, where, maxUnpacked);
  if (bytes.includes(0))
    throw new DataError({ what: 'This is no text', where, got: 'a byte of 0', fix: 'Move files that are no texts elsewhere' });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}
