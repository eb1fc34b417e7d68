import {
  type ChannelOrder,
  type ChannelStatistics,
  declaredDims,
  distinct,
  type ElementType,
  type InputSpec,
  type ModelInput,
  type Preprocess,
  type ScalingName,
  scaling,
} from '../../data/index.js';

/** Where an image's pixels go in a model's input. */
interface Placement {
  layout: 'NCHW' | 'NHWC';
  channels: 1 | 3;
  width: number;
  height: number;
  shape: number[];
}

/** All scalings, layouts and channel orders that the input's shape allows, likeliest first, with a resize where the sizes differ. */
export function imagePreprocesses(sample: InputSpec, model: ModelInput, statistics?: ChannelStatistics): Preprocess[] {
  const dims = declaredDims(model);
  const dtype = model.type ?? 'float32';
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
