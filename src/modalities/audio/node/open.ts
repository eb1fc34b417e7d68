import { basename, join, resolve } from 'node:path';
import { type Activity, DataError } from '../../../base/index.js';
import type { DataSource, Dataset } from '../../../data/index.js';
import {
  cacheFolder,
  cacheName,
  type FileTree,
  layOutFiles,
  limited,
  type OpenOptions,
  readDescription,
  readSamples,
  reviveTargets,
  type TreeFile,
} from '../../../data/node/index.js';
import { soundDataset } from './dataset.js';
import { type Description, decodeSounds, VERSION } from './decode.js';

/** Longer sounds are cut unless an option says otherwise, in seconds. */
const LONGEST = 10;
const MEMORY_LIMIT = 2 ** 30;

/** Where the decoded sounds of a tree are kept; how long they are to be is decided when they are read. */
async function cachePath(where: string, options: OpenOptions): Promise<string> {
  const { sampleRate, labelled, classes, label, targets, limit, maxUnreadable } = options;
  const key = ['sounds', resolve(where), sampleRate, labelled, classes, label, targets, limit, maxUnreadable];
  return join(await cacheFolder(options.cacheDir), cacheName(basename(resolve(where)), key));
}

/** What was kept of the very same tree when it was opened before in the same way; undefined where there is nothing. */
export async function rememberSounds(
  tree: Pick<FileTree, 'stamp'>,
  where: string,
  options: OpenOptions,
  activity: Activity,
): Promise<DataSource | undefined> {
  const path = await cachePath(where, options);
  const description = (await readDescription(path)) as Description | undefined;
  if (description?.form !== 'sounds' || description.version !== VERSION || description.stamp !== tree.stamp) return undefined;
  return openCache(description, path, where, options, activity);
}

/**
 * Opens a tree of sounds: decoded once to one channel and one rate, kept on disk, read back at once the next time.
 * @param where the folder or archive, for messages and the cache's key.
 */
export async function openSounds(
  tree: FileTree,
  files: readonly TreeFile[],
  where: string,
  options: OpenOptions,
  activity: Activity,
): Promise<DataSource> {
  const kept = await rememberSounds(tree, where, options, activity);
  if (kept) return kept;
  const path = await cachePath(where, options);
  const layout = limited(await layOutFiles(files, await tree.list(), where, 'sound', options, activity), options);
  const description = await decodeSounds({ layout, path, stamp: tree.stamp, where }, options, activity);
  return openCache(description, path, where, options, activity);
}

/** The parts of a cache file as data sets: in memory where they fit, else read from the file when asked. */
async function openCache(
  description: Description,
  path: string,
  where: string,
  options: OpenOptions,
  activity: Activity,
): Promise<DataSource> {
  const { parts, sampleRate } = description;
  const longest = parts.flatMap(({ lengths }) => lengths).reduce((most, length) => Math.max(most, length), 1);
  const length = Math.max(
    1,
    options.seconds === undefined ? Math.min(longest, LONGEST * sampleRate) : Math.round(options.seconds * sampleRate),
  );
  for (const { level, text } of [...description.remarks, ...cutRemark(description, length)])
    activity.onMessage?.({ level, text: `${where}: ${text}` });
  const all = parts.flatMap(({ lengths }) => lengths).reduce((sum, each) => sum + each, 0);
  const memory = 4 * all <= (options.memoryLimit ?? MEMORY_LIMIT) ? await readSamples(path, 4 * all) : undefined;
  const datasets: Partial<Record<string, Dataset>> = {};
  const closers: (() => Promise<void>)[] = [];
  let offset = 0;
  for (const { name: part, targets, files, fingerprint, lengths } of parts) {
    const { dataset, close } = await soundDataset({
      name: parts.length > 1 ? `${where} (${part})` : where,
      ...(targets && { targets: reviveTargets(targets) }),
      ...(files && { files }),
      fingerprint: `${fingerprint}-${length}${options.ragged ? '-ragged' : ''}`,
      sampleRate,
      length,
      ragged: options.ragged === true,
      lengths,
      offset,
      source: memory ?? path,
    });
    datasets[part] = dataset;
    closers.push(close);
    offset += lengths.reduce((sum, each) => sum + 4 * each, 0);
  }
  const { train, ...others } = datasets;
  if (!train) throw new DataError({ what: 'There is no training part', where });
  const format = train.targets ? 'sounds with targets' : 'sounds without labels';
  return { name: where, format, train, ...others, close: async () => void (await Promise.all(closers.splice(0).map((close) => close()))) };
}

function cutRemark({ parts, sampleRate }: Description, length: number): Description['remarks'] {
  const cut = parts.flatMap(({ lengths }) => lengths.filter((each) => each > length)).length;
  if (cut === 0) return [];
  const seconds = Number((length / sampleRate).toPrecision(3));
  return [{ level: 'info', text: `${cut} sound(s) are longer than ${seconds} s and are cut there; --seconds (seconds) keeps more.` }];
}
