import { OptionError, Random } from '../../base/index.js';
import type { Batch } from '../dataset.js';
import { allocate, type DataTensor, type TypedData } from '../tensor.js';

/** The same change to every image of sample i: reads `from`, fills `to`; both are [height, width, channels]. */
type ImageChange = (from: TypedData, to: TypedData, image: ImageShape, sample: number) => void;

interface ImageShape {
  height: number;
  width: number;
  channels: number;
}

/** Mirrors each image left to right with the given probability. */
export function flipHorizontally(batch: Batch, random: Random, probability: number): Batch {
  return flip(
    batch,
    Array.from({ length: batch.size }, () => random.uniform() < probability),
  );
}

/** Mirrors half of the images in one epoch and the other half in the next; which half an image is in depends on its number alone. */
export function flipAlternately(batch: Batch, epoch: number): Batch {
  const isOdd = (index: number) => new Random(index).integer(2) === 1;
  return flip(
    batch,
    Array.from(batch.indices, (index) => isOdd(index) === (epoch % 2 === 1)),
  );
}

function flip(batch: Batch, flipped: readonly boolean[]): Batch {
  return changeImages(batch, (from, to, { height, width, channels }, sample) => {
    if (!flipped[sample]) return to.set(from as never);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const source = (row * width + column) * channels;
        const target = (row * width + width - 1 - column) * channels;
        for (let c = 0; c < channels; c++) to[target + c] = from[source + c];
      }
    }
  });
}

/**
 * Pads each image by `pixels` on every side and crops it at a random place to its own size: a random shift of up to `pixels` each way.
 * "reflect" mirrors at the edge without repeating it (numpy's "reflect").
 */
export function padAndCrop(batch: Batch, random: Random, pixels: number, padding: 'zero' | 'reflect'): Batch {
  const shifts = Array.from({ length: batch.size }, () => [
    random.integer(2 * pixels + 1) - pixels,
    random.integer(2 * pixels + 1) - pixels,
  ]);
  return changeImages(batch, (from, to, image, sample) => shift(from, to, image, shifts[sample], padding));
}

/** Fills a square of side `size`, centred on a random pixel and clipped at the edges, with `fill` (DeVries and Taylor 2017). */
export function cutOut(batch: Batch, random: Random, size: number, fill: number): Batch {
  const centres = Array.from({ length: batch.size }, () => [random.uniform(), random.uniform()]);
  return changeImages(batch, (from, to, { height, width, channels }, sample) => {
    to.set(from as never);
    const [y, x] = centres[sample];
    const top = Math.floor(y * height) - Math.floor(size / 2);
    const left = Math.floor(x * width) - Math.floor(size / 2);
    const firstColumn = Math.max(0, left) * channels;
    const endColumn = Math.min(width, left + size) * channels;
    for (let row = Math.max(0, top); row < Math.min(height, top + size); row++) {
      const start = row * width * channels;
      to.fill(fill as never, start + firstColumn, start + endColumn);
    }
  });
}

function shift(
  from: TypedData,
  to: TypedData,
  { height, width, channels }: ImageShape,
  [down, right]: number[],
  padding: 'zero' | 'reflect',
) {
  const line = width * channels;
  for (let row = 0; row < height; row++) {
    const sourceRow = padding === 'reflect' ? mirror(row + down, height) : row + down;
    if (sourceRow < 0 || sourceRow >= height) continue;
    const firstInside = Math.max(0, -right);
    const endInside = Math.min(width, width - right);
    const start = sourceRow * line;
    if (firstInside < endInside) {
      const piece = from.subarray(start + (firstInside + right) * channels, start + (endInside + right) * channels);
      to.set(piece as never, row * line + firstInside * channels);
    }
    if (padding === 'zero') continue;
    for (let column = 0; column < width; column++) {
      if (column >= firstInside && column < endInside) continue;
      const source = start + mirror(column + right, width) * channels;
      for (let c = 0; c < channels; c++) to[row * line + column * channels + c] = from[source + c];
    }
  }
}

/** The position inside [0, length) that mirroring at both ends, without repeating the edge, leads to. */
function mirror(position: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const inside = ((position % period) + period) % period;
  return inside < length ? inside : period - inside;
}

/** A batch with new images; inputs of other kinds stay as they are. */
function changeImages(batch: Batch, change: ImageChange): Batch {
  const entries = Object.entries(batch.inputs);
  if (!entries.some(([, tensor]) => tensor.kind === 'image')) {
    throw new OptionError({
      what: 'This augmentation is for images, and the data has none',
      got: entries.map(([name, { shape }]) => `"${name}" [${shape.join(', ')}]`).join(', '),
      fix: 'Leave it out; mixup works on any data',
    });
  }
  const inputs = entries.map(([name, tensor]) => [name, tensor.kind === 'image' ? changeImage(tensor, change) : tensor]);
  return { ...batch, inputs: Object.fromEntries(inputs) };
}

function changeImage(tensor: DataTensor, change: ImageChange): DataTensor {
  const [count, height, width, channels] = tensor.shape;
  const size = height * width * channels;
  const data = allocate(tensor.type, tensor.data.length);
  for (let i = 0; i < count; i++) {
    change(tensor.data.subarray(i * size, (i + 1) * size), data.subarray(i * size, (i + 1) * size), { height, width, channels }, i);
  }
  return { ...tensor, data };
}
