import { DataError, sameShape, sizeOf } from '../../base/index.js';
import type { InputSpec } from '../dataset.js';
import type { ElementType } from '../tensor.js';
import { type ChannelOrder, type ChannelStatistics, type Preprocess, type ScalingName, scaling } from './spec.js';

/** A model's input as its graph declares it. */
export interface ModelInput {
  /** With the batch axis first; a symbolic or unknown dimension is any string, null, or a number below 1. */
  shape: readonly (number | string | null)[];
  /** Default: "float32". */
  type?: ElementType;
}

/** Where an image's pixels go in a model's input. */
interface Placement {
  layout: 'NCHW' | 'NHWC';
  channels: 1 | 3;
  width: number;
  height: number;
  shape: number[];
}

/**
 * Every usual way to make the model's input of a stored sample, likeliest first: for images all scalings × layouts × channel orders
 * that the input's shape allows, with a resize where the sizes differ; for other samples the plain and the standardized values. Whoever has
 * the model tries them and keeps the best.
 * @param statistics of the training samples (`channelStatistics`); without them "dataset" is left out.
 * @throws DataError when no combination fits the shape.
 */
export function candidatePreprocesses(sample: InputSpec, model: ModelInput, statistics?: ChannelStatistics): Preprocess[] {
  const dims = model.shape.slice(1).map((dim) => (typeof dim === 'number' && dim >= 1 ? dim : undefined));
  const dtype = model.type ?? 'float32';
  const found =
    sample.kind === 'image' ? imageCandidates(sample, dims, dtype, statistics) : plainCandidates(sample, dims, dtype, statistics);
  if (found.length > 0) return found;
  throw new DataError({
    what: 'The samples do not fit the model',
    where: `input "${sample.name}"`,
    expected: `what [${model.shape.map((dim) => dim ?? '?').join(', ')}] can take`,
    got: `${sample.kind} of shape [${sample.shape.join(', ')}]`,
    fix: 'Use data of the kind that the model was made for, or a model with this input shape',
  });
}

function imageCandidates(
  sample: InputSpec,
  dims: (number | undefined)[],
  dtype: ElementType,
  statistics?: ChannelStatistics,
): Preprocess[] {
  const [height, width, stored] = sample.shape;
  const candidates: Preprocess[] = [];
  const places = placements({ width, height, channels: stored === 1 ? 1 : 3 }, dims);
  for (const name of scalingNames(sample, dtype, statistics)) {
    for (const place of places) {
      for (const channels of channelOrders(place, stored)) {
        const base = scaling(name, sample.range, statistics);
        const resize = place.width !== width || place.height !== height;
        candidates.push({
          name: `${name} ${place.layout} ${channels}`,
          layout: place.layout,
          channels,
          scale: base.scale,
          mean: orderChannels(base.mean, channels),
          std: orderChannels(base.std, channels),
          ...(resize && { resize: { width: place.width, height: place.height, mode: 'bilinear' as const } }),
          shape: place.shape,
          dtype,
        });
      }
    }
  }
  return distinct(candidates);
}

/** The ways to read a sample shape as an image; a dimension that is left open takes the sample's own size. */
function placements(image: { width: number; height: number; channels: 1 | 3 }, dims: readonly (number | undefined)[]): Placement[] {
  const side = { width: image.width, height: image.height };
  const colour = (dim: number | undefined): 1 | 3 | undefined =>
    dim === undefined ? image.channels : dim === 1 || dim === 3 ? dim : undefined;
  const place = (layout: Placement['layout'], c: number | undefined, h: number | undefined, w: number | undefined): Placement[] => {
    const channels = colour(c);
    const size = { width: w ?? side.width, height: h ?? side.height };
    if (!channels) return [];
    return [
      { layout, channels, ...size, shape: layout === 'NCHW' ? [channels, size.height, size.width] : [size.height, size.width, channels] },
    ];
  };
  if (dims.length === 3) {
    const [a, b, c] = dims;
    // An open channel axis says nothing: it is believed only where the other reading is impossible.
    const both = [...place('NCHW', a, b, c), ...place('NHWC', c, a, b)];
    const declared = both.filter(({ layout }) => (layout === 'NCHW' ? a : c) !== undefined);
    return declared.length > 0 ? declared : both;
  }
  if (dims.length === 2) return place('NCHW', 1, dims[0], dims[1]).map((p) => ({ ...p, shape: [p.height, p.width] }));
  return dims.length === 1 ? flatPlacements(image, dims[0]) : [];
}

/** A flat input: the image itself where the length fits, else a square of that many pixels. */
function flatPlacements(image: { width: number; height: number; channels: 1 | 3 }, length: number | undefined): Placement[] {
  const own = image.width * image.height;
  const places: Placement[] = [];
  for (const channels of [image.channels, image.channels === 1 ? 3 : 1] as const) {
    const pixels = length === undefined ? own : length / channels;
    const edge = Math.round(Math.sqrt(pixels));
    const size = pixels === own ? image : { width: edge, height: edge };
    if (size.width * size.height !== pixels || (length === undefined && channels !== image.channels)) continue;
    const shape = [pixels * channels];
    const both = channels === 1 ? (['NCHW'] as const) : (['NCHW', 'NHWC'] as const);
    places.push(...both.map((layout) => ({ layout, channels, width: size.width, height: size.height, shape })));
  }
  return places;
}

function channelOrders({ channels }: Placement, stored: number): ChannelOrder[] {
  if (channels === 1) return ['gray'];
  return stored === 1 ? ['RGB'] : ['RGB', 'BGR'];
}

function scalingNames({ range }: InputSpec, dtype: ElementType, statistics?: ChannelStatistics): ScalingName[] {
  if (!dtype.startsWith('float')) return ['raw', '0-255'];
  const named: ScalingName[] = range ? ['0-1', '+-1', '0-255', 'imagenet'] : ['0-1', '+-1', 'imagenet'];
  return [...named, ...(statistics ? (['dataset'] as const) : []), 'raw', 'caffe'];
}

/** Per-channel numbers given in RGB order, in the model's order; for gray their mean. */
function orderChannels(values: readonly number[], order: ChannelOrder): number[] {
  if (values.length === 1 || order === 'RGB') return [...values];
  if (order === 'BGR') return [...values].reverse();
  return [values.reduce((sum, value) => sum + value, 0) / values.length];
}

function plainCandidates(
  sample: InputSpec,
  dims: (number | undefined)[],
  dtype: ElementType,
  statistics?: ChannelStatistics,
): Preprocess[] {
  const shape = fillIn(dims, sample.shape);
  if (!shape) return [];
  const common = { layout: 'as-is', ...(!sameShape(shape, sample.shape) && { shape }), dtype } as const;
  const candidates: Preprocess[] = [{ name: 'raw', ...common }];
  if (!dtype.startsWith('float')) return candidates;
  if (sample.range) {
    for (const name of ['0-1', '+-1'] as const) candidates.push({ name, ...common, ...scaling(name, sample.range) });
  }
  if (statistics) candidates.push({ name: 'dataset', ...common, ...scaling('dataset', sample.range ?? [0, 1], statistics) });
  return distinct(candidates);
}

/** The model's sample shape with its open dimensions filled from the sample; undefined where it cannot hold the sample. */
function fillIn(dims: readonly (number | undefined)[], sample: readonly number[]): number[] | undefined {
  if (dims.length === sample.length) {
    return dims.every((dim, axis) => dim === undefined || dim === sample[axis]) ? [...sample] : undefined;
  }
  const open = dims.filter((dim) => dim === undefined).length;
  const rest = sizeOf(sample) / sizeOf(dims.map((dim) => dim ?? 1));
  if (open > 1 || !Number.isInteger(rest) || (open === 0 && rest !== 1)) return undefined;
  return dims.map((dim) => dim ?? rest);
}

/** Without those that do the same as an earlier one, e.g. "raw" and "0-255" of decoded images. */
function distinct(candidates: readonly Preprocess[]): Preprocess[] {
  const seen = new Set<string>();
  return candidates.filter(({ name: _, ...does }) => {
    const key = JSON.stringify(does);
    return !seen.has(key) && seen.add(key);
  });
}
