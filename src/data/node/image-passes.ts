import { createHash } from 'node:crypto';
import { type Activity, DataError, Stopped } from '../../base/index.js';
import type { PartName } from '../formats/arrays.js';
import { CacheWriter } from './cache.js';
import { decodeImage, firstChannel, IMAGES_IN_FLIGHT, type ImageSize, isGray, mapInOrder, type Pixels } from './decode.js';
import { type Description, VERSION } from './image-cache.js';
import { checkUnreadable, PartCollector } from './kept.js';
import type { OpenOptions } from './options.js';
import type { Layout } from './parts.js';
import type { TreeFile } from './tree.js';

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

/**
 * Decodes every image into a cache file at `path`. What all of them have in common, their size and whether they are gray, is found out on the way.
 * @param stamp of the tree that they lie in.
 * @throws DataError where too many cannot be read, or they differ in size and none is given.
 */
export async function decodeAll(
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
  for await (const decoded of mapInOrder(items, IMAGES_IN_FLIGHT, (item) => decodeItem(item, plan.forced, options))) {
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
