import { Random, sizeOf } from '../../base/index.js';
import { makeFeeds } from '../../infrastructure/hardware/index.js';
import { type Dim, isFloat, type Model, Tensor, type Value } from '../../onnx/index.js';

export interface InventedOptions {
  /** Samples at a time, where the model leaves that open. Default 1. */
  batch?: number;
  /** Shapes that replace those of inputs, by name. */
  shapes?: Readonly<Record<string, readonly number[]>>;
  /** The same seed gives the same inputs. Default 1. */
  seed?: number;
  /** Which of `OPEN_SIZES` open dimensions take. Default 0. */
  attempt?: number;
}

/** What open dimensions are tried with, in turn: those of images and all others. */
const OPEN_SIZES = [
  { image: 224, other: 32 },
  { image: 64, other: 128 },
  { image: 320, other: 512 },
  { image: 320, other: 16 },
  { image: 416, other: 256 },
  { image: 416, other: 1024 },
  { image: 32, other: 1 },
] as const;

/** How many choices of sizes for open dimensions there are. */
export const ATTEMPTS = OPEN_SIZES.length;

/**
 * Plausible inputs where there are no data, from names, types and shapes: smooth pictures, sounds of some tones, states of zeros at first, valid lengths and
 * rates, indices within their tables; else numbers from a normal distribution.
 * @throws OptionError where an input has no known rank, or is of a type that nothing can be made up for.
 */
export function inventedFeeds(model: Model, options: InventedOptions = {}): Record<string, Tensor> {
  const { seed = 1 } = options;
  const shapes = inventedShapes(model, options);
  const made = makeFeeds(model, { seed, inputShapes: shapes });
  const random = new Random(seed);
  return Object.fromEntries(
    model.graph.feeds.map((input) => [input.name, invented(input, made, { random: random.fork(`${input.name}/invented`), seed })]),
  );
}

/** Sizes for the inputs' dimensions: as given, declared, or likely for what is open. Dimensions of one name have one size. */
export function inventedShapes(
  model: Model,
  { batch = 1, shapes = {}, attempt = 0 }: InventedOptions = {},
): Record<string, readonly number[]> {
  const sizes = new Map<string, number>();
  const { feeds } = model.graph;
  for (const { name, shape } of feeds)
    shape?.forEach((dim, axis) => {
      const given = Object.hasOwn(shapes, name) ? shapes[name][axis] : undefined;
      if (typeof dim !== 'number' && given !== undefined) sizes.set(dim.text, given);
    });
  const sizeOfDim = (dim: Dim, axis: number, { name, rank }: { name: string; rank: number }): number => {
    if (typeof dim === 'number') return dim;
    const known = sizes.get(dim.text);
    if (known !== undefined) return known;
    // States of recurrent layers are [layers, batch, width].
    const isBatch = axis === 0 || /batch/i.test(dim.text) || (rank === 3 && axis === 1 && STATE.test(name));
    const size = isBatch ? batch : openSize(dim.text, axis, rank, attempt);
    sizes.set(dim.text, size);
    return size;
  };
  const known = feeds.flatMap(({ name, shape }) => {
    if (Object.hasOwn(shapes, name)) return [[name, shapes[name]] as const];
    return shape ? [[name, shape.map((dim, axis) => sizeOfDim(dim, axis, { name, rank: shape.length }))] as const] : [];
  });
  return Object.fromEntries(known);
}

function openSize(name: string, axis: number, rank: number, attempt: number): number {
  const { image, other } = OPEN_SIZES[Math.min(attempt, ATTEMPTS - 1)];
  if (/channel/i.test(name) || (rank === 4 && axis === 1 && !/seq|len|time|frame/i.test(name))) return 3;
  return rank === 4 || /height|width|^[hw]$/i.test(name) ? image : other;
}

const STATE = /state|hidden|cache|memory|past|^[hc]_?\d*$|_[hc]n?$/i;
const SOUND = /audio|wave?(form)?$|^wav|sound|pcm|speech|signal/i;

function invented(input: Value, made: Readonly<Record<string, Tensor>>, { random, seed }: { random: Random; seed: number }): Tensor {
  const tensor = made[input.name];
  if (isFloat(tensor.dtype)) {
    const numbers = floats(input.name, tensor.shape, random, seed);
    return numbers ? Tensor.from(tensor.dtype, tensor.shape, numbers) : tensor;
  }
  const number = wholeNumber(input.name, made);
  if (number !== undefined && /int/.test(tensor.dtype))
    return Tensor.from(
      tensor.dtype,
      tensor.shape,
      Array.from({ length: tensor.size }, () => number),
    );
  return tensor;
}

/** Undefined for what nothing is known of. */
function floats(name: string, shape: readonly number[], random: Random, seed: number): ArrayLike<number> | undefined {
  const count = sizeOf(shape);
  // Streams begin with states of zeros, and go on with small ones.
  if (STATE.test(name)) return Array.from({ length: count }, () => (seed === 1 ? 0 : 0.1 * random.normal()));
  const picture = pictureAxes(shape);
  if (picture) return pictures(shape, picture, random, seed);
  const last = shape.at(-1) ?? 1;
  if (shape.length <= 3 && (SOUND.test(name) || (last >= 4000 && shape.slice(1, -1).every((dim) => dim <= 2))))
    return tones(count, last, random);
  return undefined;
}

interface PictureAxes {
  height: number;
  width: number;
}

/** Where the rows and columns are of what has one, three or four channels, before or behind them. */
function pictureAxes(shape: readonly number[]): PictureAxes | undefined {
  if (shape.length !== 4) return undefined;
  const isChannels = (axis: number) => [1, 3, 4].includes(shape[axis]);
  const [height, width] = isChannels(1) ? [2, 3] : isChannels(3) ? [1, 2] : [0, 0];
  return height > 0 && shape[height] >= 8 && shape[width] >= 8 ? { height, width } : undefined;
}

/** Waves in a picture, and the share of noise in it. */
const WAVES = 6;
const GRAIN = 0.1;

/** Smooth pictures with a little noise: standardized ones where the seed is odd, else from 0 to 1. */
function pictures(shape: readonly number[], { height, width }: PictureAxes, random: Random, seed: number): Float64Array {
  const [rows, columns] = [shape[height], shape[width]];
  const [channels, isFirst] = height === 2 ? [shape[1], true] : [shape[3], false];
  const made = new Float64Array(sizeOf(shape));
  const size = rows * columns * channels;
  for (let picture = 0; picture < shape[0]; picture++) {
    for (let channel = 0; channel < channels; channel++) {
      // The channels of a picture are alike.
      const plane = smoothPlane(rows, columns, random.fork(`picture ${picture}`), 0.5 * channel);
      for (let i = 0; i < plane.length; i++) {
        const value = plane[i] + GRAIN * random.normal();
        const at = picture * size + (isFirst ? channel * plane.length + i : i * channels + channel);
        made[at] = seed % 2 === 1 ? value : Math.min(1, Math.max(0, 0.5 + 0.2 * value));
      }
    }
  }
  return made;
}

/** A sum of plane waves of unit power. Each is a product along rows and columns, so that sines are few. */
function smoothPlane(rows: number, columns: number, random: Random, shift: number): Float64Array {
  const plane = new Float64Array(rows * columns);
  const loudness = Math.sqrt(2 / WAVES);
  for (let wave = 0; wave < WAVES; wave++) {
    const [down, across, phase] = [random.uniform(-4, 4), random.uniform(-4, 4), random.uniform(0, 2 * Math.PI) + shift];
    const angles = Float64Array.from({ length: columns }, (_, x) => (2 * Math.PI * across * x) / columns);
    const [sines, cosines] = [angles.map(Math.sin), angles.map(Math.cos)];
    for (let y = 0; y < rows; y++) {
      const angle = (2 * Math.PI * down * y) / rows + phase;
      const [sine, cosine] = [loudness * Math.sin(angle), loudness * Math.cos(angle)];
      for (let x = 0; x < columns; x++) plane[y * columns + x] += sine * cosines[x] + cosine * sines[x];
    }
  }
  return plane;
}

/** Some tones below a third of the rate, and quiet noise. */
function tones(count: number, length: number, random: Random): number[] {
  const parts = Array.from({ length: 5 }, () => ({
    rate: random.uniform(0.01, 0.3),
    phase: random.uniform(0, 6),
    loud: random.uniform(0.02, 0.2),
  }));
  return Array.from({ length: count }, (_, index) => {
    const time = index % length;
    return parts.reduce((sum, { rate, phase, loud }) => sum + loud * Math.sin(2 * Math.PI * rate * time + phase), 0.01 * random.normal());
  });
}

/** A rate of samples, or a length that is the longest of what the other inputs have; undefined for other names. */
function wholeNumber(name: string, made: Readonly<Record<string, Tensor>>): number | undefined {
  if (/^sr$|sampl(e|ing)_?rate/i.test(name)) return 16_000;
  if (!/len(gth)?s?$/i.test(name)) return undefined;
  const lengths = Object.values(made).flatMap(({ shape }) => (shape.length >= 2 ? [shape[1]] : []));
  return lengths.length > 0 ? Math.max(...lengths) : undefined;
}
