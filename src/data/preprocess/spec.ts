import { OptionError } from '../../base/index.js';
import { ELEMENT_TYPES, type ElementType } from '../tensor.js';
import { type Prepare, preparationOf } from './preparations.js';

/** The order of a model's colour channels; "gray" is one channel, luma by ITU-R BT.601. */
export type ChannelOrder = 'RGB' | 'BGR' | 'gray';

/** How sizes change: "bilinear" with the filter widened when shrinking (as Pillow and torchvision's antialias), or "nearest". */
export type ResizeMode = 'bilinear' | 'nearest';

/**
 * How a stored sample becomes a model's input, as plain JSON: prepare (where the kind of data needs it), resize, pick and order channels,
 * then `(value * scale - mean) / std`, then lay out and convert.
 */
export interface Preprocess {
  /** Says which usual combination this is, for people; e.g. "0-1 NCHW RGB". */
  name?: string;
  /** What is made of the stored sample first, e.g. ids of a text; see `addPreparation`. Default: nothing. */
  prepare?: Prepare;
  /** "NCHW" or "NHWC" for images; "as-is" keeps the order of the elements (features, tokens, ready-made tensors). */
  layout: 'NCHW' | 'NHWC' | 'as-is';
  /** Only for images: the order of the model's channels. */
  channels?: ChannelOrder;
  /** Multiplies the stored value first. Default: 1. */
  scale?: number;
  /** Subtracted after scaling: one number, or one per channel in the model's order (per feature where "as-is"). Default: 0. */
  mean?: readonly number[];
  /** Divides last; as `mean`, not 0. Default: 1. */
  std?: readonly number[];
  /** Only for images: the model's size, where it differs from the samples'. */
  resize?: { width: number; height: number; mode: ResizeMode };
  /** Shape of one finished sample without the batch axis, where it is not what the layout gives, e.g. [784] for a flat image. */
  shape?: readonly number[];
  /** Type of the model's input; integers are rounded and clipped to their range. Default: "float32". */
  dtype?: ElementType;
}

/** A scaling: `(value * scale - mean) / std`; mean and std in RGB order, or one number for all channels. */
export interface Scaling {
  scale: number;
  mean: readonly number[];
  std: readonly number[];
}

/** Mean and standard deviation of the RGB channels of ImageNet's training images, scaled to 0-1, as torchvision gives them. */
export const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** The channel means that Caffe's ImageNet models subtract from 0-255 images, in RGB order. */
export const CAFFE_MEAN = [123.68, 116.779, 103.939] as const;

/** The usual scalings of images whose stored values span `range`. */
export type ScalingName = 'raw' | '0-255' | '0-1' | '+-1' | 'imagenet' | 'caffe' | 'dataset';

/** What is known of the training samples' channels (or features), in stored units. */
export interface ChannelStatistics {
  mean: readonly number[];
  std: readonly number[];
  /** Of tables with missing values or categories: each column's median, or its most frequent category. */
  fill?: readonly number[];
}

/**
 * A usual scaling by name. "raw" keeps stored values; "0-255", "0-1" and "+-1" spread `range` over that interval; "imagenet" and "caffe"
 * are those models' own; "dataset" gives each channel mean 0 and deviation 1 by `statistics`, which must come from training samples only.
 * @throws OptionError for "dataset" without statistics.
 */
export function scaling(name: ScalingName, range: readonly [number, number] = [0, 255], statistics?: ChannelStatistics): Scaling {
  const [low, high] = range;
  const to = (least: number, most: number): Scaling => {
    const scale = (most - least) / (high - low);
    return { scale, mean: [low * scale - least], std: [1] };
  };
  const unit = 1 / (high - low);
  switch (name) {
    case 'raw':
      return { scale: 1, mean: [0], std: [1] };
    case '0-255':
      return to(0, 255);
    case '0-1':
      return to(0, 1);
    case '+-1':
      return to(-1, 1);
    case 'imagenet':
      return { scale: unit, mean: IMAGENET.mean.map((mean) => mean + low * unit), std: IMAGENET.std };
    case 'caffe':
      return { scale: 255 * unit, mean: CAFFE_MEAN.map((mean) => mean + 255 * low * unit), std: [1] };
    case 'dataset': {
      if (!statistics) throw new OptionError({ what: 'The scaling "dataset" needs the statistics of the training samples' });
      const { mean, std } = statistics;
      return { scale: unit, mean: mean.map((value) => value * unit), std: std.map((value) => (value > 0 ? value * unit : 1)) };
    }
  }
}

/** @throws OptionError when a specification, e.g. one read from JSON, cannot be used; it names the field. */
export function checkPreprocess(spec: Preprocess): void {
  const refuse = (field: string, expected: string, got: unknown) => {
    throw new OptionError({ what: 'Not a usable value', where: `preprocess "${field}"`, expected, got: JSON.stringify(got) });
  };
  const finite = (values: readonly number[] | undefined) => values === undefined || (values.length > 0 && values.every(Number.isFinite));
  const { layout, channels, scale = 1, mean, std, resize, shape, dtype = 'float32' } = spec;
  if (!['NCHW', 'NHWC', 'as-is'].includes(layout)) refuse('layout', '"NCHW", "NHWC" or "as-is"', layout);
  if (layout === 'as-is' && channels) refuse('channels', 'none where the layout is "as-is"', channels);
  if (layout === 'as-is' && resize) refuse('resize', 'none where the layout is "as-is"', resize);
  if (layout !== 'as-is' && !['RGB', 'BGR', 'gray'].includes(channels ?? '')) refuse('channels', '"RGB", "BGR" or "gray"', channels);
  if (!Number.isFinite(scale)) refuse('scale', 'a finite number', scale);
  if (!finite(mean)) refuse('mean', 'finite numbers', mean);
  if (!finite(std) || std?.includes(0)) refuse('std', 'finite numbers, none of them 0', std);
  if (resize && ![resize.width, resize.height].every((side) => Number.isInteger(side) && side > 0))
    refuse('resize', 'positive whole sizes', resize);
  if (resize && !['bilinear', 'nearest'].includes(resize.mode)) refuse('resize', 'mode "bilinear" or "nearest"', resize.mode);
  if (shape?.some((dim) => !Number.isInteger(dim) || dim < 1)) refuse('shape', 'positive whole numbers', shape);
  if (!ELEMENT_TYPES.includes(dtype)) refuse('dtype', ELEMENT_TYPES.join(', '), dtype);
  if (spec.prepare) preparationOf(spec.prepare).check?.(spec.prepare);
}
