import { availableParallelism } from 'node:os';
import type Sharp from 'sharp';
import { MOST_PIXELS } from '../../base/index.js';

export interface ImageSize {
  width: number;
  height: number;
}

/** Decoded pixels, RGB, row by row, 8 bits a channel. */
export interface Pixels extends ImageSize {
  data: Uint8Array;
}

/** The gray of the bars around an image, as YOLO's letterbox has it. */
const BARS = { r: 114, g: 114, b: 114 };

/**
 * Decodes an image of any format that sharp reads to 8-bit RGB: the first frame, without transparency. With `size` it is resized by a Lanczos filter.
 * @param isUpright turns it as its EXIF orientation says; false leaves it as it is stored, as PyTorch's ImageFolder does.
 */
export async function decodeImage(
  bytes: Uint8Array,
  size: ImageSize | undefined,
  fit: 'cover' | 'fill' | 'contain',
  isUpright: boolean,
): Promise<Pixels> {
  const sharp = await loadSharp();
  let image = sharp(bytes, { failOn: 'error', limitInputPixels: MOST_PIXELS }).toColourspace('srgb').removeAlpha();
  if (isUpright) image = image.autoOrient();
  if (size) image = image.resize({ ...size, fit, background: BARS });
  const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** Whether every pixel has R = G = B. */
export function isGray({ data }: Pixels): boolean {
  for (let i = 0; i < data.length; i += 3) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  }
  return true;
}

/** The red channel, which is the luminance of a gray image. */
export function firstChannel({ data }: Pixels): Uint8Array {
  const gray = new Uint8Array(data.length / 3);
  for (let i = 0; i < gray.length; i++) gray[i] = data[3 * i];
  return gray;
}

/** How many images to have in flight. */
export const IMAGES_IN_FLIGHT = 2 * Math.min(4, availableParallelism());

let loading: Promise<typeof Sharp> | undefined;

/** sharp, for many small images: parallel across images, not within one, and no cache of operations that never come again. It is loaded with the first image: that takes a tenth of a second. */
function loadSharp(): Promise<typeof Sharp> {
  loading ??= import('sharp').then(({ default: sharp }) => {
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  });
  return loading;
}

/** Maps items with at most `limit` under way, and gives the results in the items' order. */
export async function* mapInOrder<A, B>(
  items: Iterable<A>,
  limit: number,
  change: (item: A) => Promise<B>,
): AsyncGenerator<B, void, undefined> {
  const underWay: Promise<B>[] = [];
  for (const item of items) {
    if (underWay.length >= limit) yield await (underWay.shift() as Promise<B>);
    const result = change(item);
    // A failure waits for its turn; without a handler Node would end the process first.
    result.catch(() => undefined);
    underWay.push(result);
  }
  for (const result of underWay) yield await result;
}
