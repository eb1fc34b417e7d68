import { DataError, sizeOf } from '../../base/index.js';
import { fromFloat16, toFloat16 } from '../float16.js';
import { allocate, type DataTensor, type ElementType, type TypedData } from '../tensor.js';
import { preparationOf } from './preparations.js';
import { Resizer } from './resize.js';
import { checkPreprocess, type Preprocess } from './spec.js';

/** BT.601 luma, as Pillow's "L" mode has it. */
const LUMA = [0.299, 0.587, 0.114] as const;

/**
 * Turns stored samples [n, ...sample shape] into a model's input [n, ...model shape]. Images are [n, height, width, 1 or 3].
 * @throws OptionError for an impossible specification, DataError when the samples do not fit it.
 */
export function applyPreprocess(samples: DataTensor, spec: Preprocess): DataTensor {
  checkPreprocess(spec);
  const { prepare } = spec;
  const prepared = prepare ? preparationOf(prepare).run(samples, prepare) : samples;
  return spec.layout === 'as-is' ? applyAsIs(prepared, spec) : applyImage(prepared, spec);
}

function applyAsIs(samples: DataTensor, spec: Preprocess): DataTensor {
  const [count, ...sampleShape] = samples.shape;
  const shape = [count, ...finalShape(sampleShape, spec)];
  const dtype = spec.dtype ?? 'float32';
  if (isIdentity(spec) && dtype === samples.type) return { type: dtype, shape, data: samples.data };
  const channels = sampleShape.at(-1) ?? 1;
  const { scale, offset } = affine(spec, channels);
  const values = asNumbers(samples);
  const out = new Float64Array(values.length);
  for (let i = 0; i < out.length; i++) {
    const c = i % channels;
    out[i] = values[i] * scale[c] + offset[c];
  }
  return { type: dtype, shape, data: convert(out, dtype) };
}

function applyImage(samples: DataTensor, spec: Preprocess): DataTensor {
  if (samples.shape.length !== 4) {
    throw new DataError({
      what: 'The samples are no images',
      expected: '[samples, height, width, channels]',
      got: `[${samples.shape.join(', ')}]`,
    });
  }
  const [count, height, width, stored] = samples.shape;
  const channels = spec.channels === 'gray' ? 1 : 3;
  const size = spec.resize ?? { width, height };
  const sources = channelSources(stored, spec.channels ?? 'RGB');
  const imageShape = spec.layout === 'NCHW' ? [channels, size.height, size.width] : [size.height, size.width, channels];
  const shape = [count, ...finalShape(imageShape, spec)];
  const dtype = spec.dtype ?? 'float32';
  const { scale, offset } = affine(spec, channels);
  const values = asNumbers(samples);
  const out = new Float32Array(count * sizeOf(imageShape));
  const resized = size.width !== width || size.height !== height ? new Float32Array(size.height * size.width * stored) : undefined;
  const resizer = resized && spec.resize && new Resizer({ width, height }, spec.resize, stored);
  const plane = size.height * size.width;
  for (let n = 0; n < count; n++) {
    let image = values;
    let start = n * height * width * stored;
    if (resizer) {
      resizer.run(values, start, resized);
      image = resized;
      start = 0;
    }
    for (let c = 0; c < channels; c++) {
      const target = n * plane * channels + (spec.layout === 'NCHW' ? c * plane : c);
      const step = spec.layout === 'NCHW' ? 1 : channels;
      const source = sources[c];
      if (source === 'luma') lumaPlane(image, start, out, target, step, plane, scale[c], offset[c]);
      else copyPlane(image, start + source, stored, out, target, step, plane, scale[c], offset[c]);
    }
  }
  return { type: dtype, shape, data: convert(out, dtype) };
}

/** The two inner loops take plain numbers, not an object: they run once per pixel and allocate nothing. */
function copyPlane(
  image: ArrayLike<number>,
  from: number,
  stride: number,
  out: Float32Array,
  to: number,
  step: number,
  pixels: number,
  scale: number,
  offset: number,
): void {
  for (let i = 0; i < pixels; i++) out[to + i * step] = image[from + i * stride] * scale + offset;
}

function lumaPlane(
  image: ArrayLike<number>,
  from: number,
  out: Float32Array,
  to: number,
  step: number,
  pixels: number,
  scale: number,
  offset: number,
): void {
  const [red, green, blue] = LUMA;
  for (let i = 0; i < pixels; i++) {
    const p = from + 3 * i;
    out[to + i * step] = (red * image[p] + green * image[p + 1] + blue * image[p + 2]) * scale + offset;
  }
}

/** For each of the model's channels, the stored channel that it is taken from. */
function channelSources(stored: number, order: 'RGB' | 'BGR' | 'gray'): (number | 'luma')[] {
  if (stored === 1) return order === 'gray' ? [0] : [0, 0, 0];
  if (stored === 3) return order === 'gray' ? ['luma'] : order === 'RGB' ? [0, 1, 2] : [2, 1, 0];
  throw new DataError({
    what: 'Images have 1 channel (gray) or 3 (RGB)',
    got: String(stored),
    fix: 'Use the layout "as-is" for other samples',
  });
}

/** `(value * scale - mean) / std` as one multiplication and one addition per channel. */
function affine({ scale = 1, mean = [0], std = [1] }: Preprocess, channels: number): { scale: Float64Array; offset: Float64Array } {
  for (const [field, values] of Object.entries({ mean, std })) {
    if (values.length !== 1 && values.length !== channels) {
      throw new DataError({
        what: `The ${field} does not fit the channels`,
        expected: `1 or ${channels} numbers`,
        got: String(values.length),
      });
    }
  }
  const at = (values: readonly number[], c: number) => values[values.length === 1 ? 0 : c];
  return {
    scale: Float64Array.from({ length: channels }, (_, c) => scale / at(std, c)),
    offset: Float64Array.from({ length: channels }, (_, c) => -at(mean, c) / at(std, c)),
  };
}

function isIdentity({ scale = 1, mean = [0], std = [1] }: Preprocess): boolean {
  return scale === 1 && mean.every((value) => value === 0) && std.every((value) => value === 1);
}

function finalShape(natural: readonly number[], { shape }: Preprocess): readonly number[] {
  if (!shape) return natural;
  if (sizeOf(shape) === sizeOf(natural)) return shape;
  throw new DataError({
    what: 'A sample does not fit the wanted shape',
    expected: `[${shape.join(', ')}]`,
    got: `[${natural.join(', ')}]`,
  });
}

/** Stored values as numbers; 64-bit integers beyond 2^53 lose their last bits. */
export function asNumbers({ type, data }: DataTensor): ArrayLike<number> {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data as BigInt64Array, Number);
  if (type === 'float16') return Float32Array.from(data as Uint16Array, fromFloat16);
  return data;
}

const INTEGER_RANGES: Partial<Record<ElementType, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
  uint32: [0, 4294967295],
  int32: [-2147483648, 2147483647],
  uint64: [0, Number.MAX_SAFE_INTEGER],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  bool: [0, 1],
};

/** The nearest whole number within a range; 0 for what is not a number. */
function whole(value: number, [low, high]: readonly [number, number]): number {
  return Number.isNaN(value) ? 0 : Math.min(high, Math.max(low, Math.round(value)));
}

function convert(values: Float32Array | Float64Array, dtype: ElementType): TypedData {
  if (dtype === 'float32') return values instanceof Float32Array ? values : Float32Array.from(values);
  if (dtype === 'float64') return Float64Array.from(values);
  const out = allocate(dtype, values.length);
  const range = INTEGER_RANGES[dtype];
  for (let i = 0; i < out.length; i++) {
    if (!range) out[i] = toFloat16(values[i]);
    else out[i] = out instanceof BigInt64Array || out instanceof BigUint64Array ? BigInt(whole(values[i], range)) : whole(values[i], range);
  }
  return out;
}
