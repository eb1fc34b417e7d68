import { createHash } from 'node:crypto';
import { basename, join, resolve } from 'node:path';
import { type Activity, DataError, Stopped } from '../../base/index.js';
import type { DataSource, Dataset, InputSpec } from '../dataset.js';
import type { PartName } from '../formats/arrays.js';
import { listed } from '../formats/labels.js';
import { chooseSamples, shares } from '../limit.js';
import { arrayDataset } from '../memory.js';
import { pickTargets, type Targets, targetBytes } from '../targets.js';
import { CacheWriter, cacheFolder, cacheName, readDescription, readSamples } from './cache.js';
import { decodeImage, firstChannel, type ImageSize, isGray, mapInOrder, type Pixels, prepareSharp } from './decode.js';
import { checkUnreadable, type KeptPart, PartCollector, reviveTargets } from './kept.js';
import { type FilePart, layOutFiles } from './layout.js';
import type { OpenOptions } from './options.js';
import { fileDataset } from './rows.js';
import type { FileTree, TreeFile } from './tree.js';

/** Goes up when the same files would decode or be described differently, so that older caches are not used. */
const VERSION = 2;

/** What a cache file says of its samples; the parts lie in it one after the other, in this order. */
interface Description {
  version: number;
  stamp: string;
  image: ImageSize & { channels: 1 | 3 };
  parts: KeptPart[];
  unreadable: string[];
  /** How many images were brought to another size. */
  resized: boolean;
}

const IMAGE = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;

export function isImage({ path }: Pick<TreeFile, 'path'>): boolean {
  return IMAGE.test(path);
}

/** The targets of images by their paths, which were brought to one size. */
export type TargetsOf = (paths: readonly string[], stored: ImageSize) => Targets;

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
 * @param targetsOf gives what is to be answered for each image, where that lies beside the images. Default: class folders do.
 */
export async function openImages(
  tree: FileTree,
  where: string,
  options: OpenOptions,
  activity: Activity,
  targetsOf?: TargetsOf,
): Promise<DataSource> {
  const kept = await rememberImages(tree, where, options, activity, targetsOf);
  if (kept) return kept;
  const path = await cachePath(where, options, targetsOf !== undefined);
  const all = await tree.list();
  const layout = limited(await layOutFiles(all.filter(isImage), all, where, 'image', options, activity), options);
  const description = await decodeAll(layout, path, tree.stamp, where, { ...options, keepsFiles: targetsOf !== undefined }, activity);
  announce(description, where, activity);
  return openCache(description, path, where, options.memoryLimit ?? 2 ** 30, targetsOf);
}

/** What is left out is not even decoded. */
export function limited(parts: Layout, { limit }: Pick<OpenOptions, 'limit'>): Layout {
  if (!limit) return parts;
  const entries = Object.entries(parts);
  const counts = shares(
    entries.map(([, { files }]) => files.length),
    limit.count,
  );
  const pick = ({ files, targets }: FilePart, count: number): FilePart => {
    const chosen = chooseSamples(files.length, count, targets, limit.seed);
    return { files: Array.from(chosen, (i) => files[i]), ...(targets && { targets: pickTargets(targets, chosen) }) };
  };
  return Object.fromEntries(entries.map(([name, part], i) => [name, pick(part, counts[i])]));
}

function announce({ unreadable, resized, image }: Description, where: string, activity: Activity): void {
  if (unreadable.length > 0) {
    const text = `${where}: ${unreadable.length} image(s) could not be read and are left out: ${listed(unreadable, 5)}.`;
    activity.onMessage?.({ level: 'warning', text });
  }
  if (resized) activity.onMessage?.({ level: 'info', text: `${where}: images are brought to ${image.width}×${image.height}.` });
}

/** One image's turn: its pixels, or the name of what could not be read. */
interface Decoded {
  part: number;
  /** Its place in the part. */
  place: number;
  file: TreeFile;
  pixels?: Pixels;
  /** SHA-256 of the encoded image. */
  digest?: string;
}

/** How images are decoded; found out by decoding: when an image proves it wrong, all begins again with a better one. */
interface Plan {
  /** Every image is resized to this. */
  forced?: ImageSize;
  gray: boolean;
}

/** Whether the images' paths are to be known afterwards. */
type DecodeOptions = OpenOptions & { keepsFiles: boolean };

async function decodeAll(
  layout: Layout,
  path: string,
  stamp: string,
  where: string,
  options: DecodeOptions,
  activity: Activity,
): Promise<Description> {
  const writer = await CacheWriter.open(path);
  try {
    let plan: Plan = { forced: options.imageSize, gray: true };
    for (;;) {
      const result = await decodePass(layout, plan, writer, where, options, activity);
      if ('better' in result) {
        plan = result.better;
        await writer.restart();
        continue;
      }
      const description = { version: VERSION, stamp, ...result };
      await writer.finish(description);
      return description;
    }
  } catch (cause) {
    await writer.abandon();
    throw cause;
  }
}

type Layout = Partial<Record<PartName, FilePart>>;

type PassResult = { better: Plan } | Omit<Description, 'version' | 'stamp'>;

/** Decodes every image by the plan, up to the first that does not fit it. */
async function decodePass(
  layout: Layout,
  plan: Plan,
  writer: CacheWriter,
  where: string,
  options: DecodeOptions,
  activity: Activity,
): Promise<PassResult> {
  const parts = Object.entries(layout).map(([name, part]) => new PartCollector(name as PartName, part, 'image', options.keepsFiles));
  const items = Object.values(layout).flatMap((part, i) => part.files.map((file, place) => ({ part: i, place, file })));
  const unreadable: string[] = [];
  let size = plan.forced;
  let done = 0;
  for await (const decoded of mapInOrder(items, prepareSharp(), (item) => decodeItem(item, plan.forced, options))) {
    if (activity.signal?.aborted) throw new Stopped({ what: 'Decoding images was stopped', where });
    if (++done % 100 === 0 || done === items.length) activity.onProgress?.({ task: 'decode', done, total: items.length });
    const { pixels, file } = decoded;
    if (!pixels) {
      unreadable.push(file.path);
      continue;
    }
    const forced = plan.forced ?? betterSize(pixels, size, options.fallbackSize, `${where}, ${file.path}`);
    if (forced !== plan.forced) return { better: { ...plan, forced } };
    size ??= { width: pixels.width, height: pixels.height };
    if (plan.gray && !isGray(pixels)) return { better: { ...plan, gray: false } };
    parts[decoded.part].add(decoded);
    await writer.write(plan.gray ? firstChannel(pixels) : pixels.data);
  }
  checkUnreadable(unreadable, items.length, options.maxUnreadable ?? 0.1, where, 'image');
  const image = { ...(size as ImageSize), channels: plan.gray ? 1 : 3 } as const;
  const resized = plan.forced !== undefined;
  const how = JSON.stringify({
    image,
    ...(resized && { fit: options.fit ?? 'cover' }),
    ...(options.orient === false && { orient: false }),
  });
  return {
    image,
    parts: parts.map((part) => part.finish(how, where)),
    unreadable,
    resized,
  };
}

async function decodeItem(
  item: Omit<Decoded, 'pixels'>,
  size: ImageSize | undefined,
  { fit = 'cover', orient = true }: OpenOptions,
): Promise<Decoded> {
  try {
    const bytes = await item.file.read();
    const pixels = await decodeImage(bytes, size, fit, orient);
    return { ...item, pixels, digest: createHash('sha256').update(bytes).digest('hex') };
  } catch {
    return item;
  }
}

/**
 * The size that all images must be resized to, once an image shows that they must: it differs from the others, or is larger both ways than
 * what the model wants. Undefined while none must.
 */
function betterSize(
  image: ImageSize,
  common: ImageSize | undefined,
  fallback: ImageSize | undefined,
  where: string,
): ImageSize | undefined {
  if (common && (image.width !== common.width || image.height !== common.height)) {
    if (fallback) return fallback;
    throw new DataError({
      what: 'The images differ in size',
      where,
      expected: `${common.width}×${common.height} as those before`,
      got: `${image.width}×${image.height}`,
      fix: 'Say what size they are to be brought to (imageSize)',
    });
  }
  return fallback && image.width > fallback.width && image.height > fallback.height ? fallback : undefined;
}

/** The parts of a cache file as data sets: in memory where they fit, else read from the file when asked. */
async function openCache(
  description: Description,
  path: string,
  where: string,
  memoryLimit: number,
  targetsOf?: TargetsOf,
): Promise<DataSource> {
  const { image, parts } = description;
  const input: InputSpec = {
    name: 'image',
    type: 'uint8',
    shape: [image.height, image.width, image.channels],
    kind: 'image',
    range: [0, 255],
  };
  const rowBytes = image.height * image.width * image.channels;
  const total = parts.reduce((sum, part) => sum + part.size, 0) * rowBytes;
  const memory = total <= memoryLimit ? await readSamples(path, total) : undefined;
  const datasets: Partial<Record<PartName, Dataset>> = {};
  const closers: (() => Promise<void>)[] = [];
  let offset = 0;
  for (const { name: part, size, targets: kept, files, fingerprint: pixels } of parts) {
    const name = parts.length > 1 ? `${where} (${part})` : where;
    const targets = targetsOf ? targetsOf(files ?? [], image) : kept && reviveTargets(kept);
    const fingerprint = targetsOf ? fingerprintWith(pixels, targets) : pixels;
    const common = { name, ...(targets && { targets }), fingerprint };
    if (memory) {
      const data = memory.subarray(offset, offset + size * rowBytes);
      const tensor = { type: input.type, shape: [size, ...input.shape], data };
      datasets[part] = arrayDataset({ ...common, inputs: { image: tensor }, kinds: { image: input } });
    } else {
      const { dataset, close } = await fileDataset({ ...common, path, offset, size, input });
      datasets[part] = dataset;
      closers.push(close);
    }
    offset += size * rowBytes;
  }
  const { train, ...others } = datasets;
  if (!train) throw new DataError({ what: 'There is no training part', where });
  return {
    name: where,
    format:
      train.targets === undefined
        ? 'images without labels'
        : train.targets.kind === 'class'
          ? 'images in class folders'
          : 'images with targets',
    train,
    ...others,
    async close() {
      for (const close of closers.splice(0)) await close();
    },
  };
}

/** Pixels and what is to be answered for them. */
function fingerprintWith(pixels: string, targets: Targets | undefined): string {
  const hash = createHash('sha256').update(pixels);
  for (const bytes of targets ? targetBytes(targets) : []) hash.update(bytes);
  return hash.digest('hex');
}
