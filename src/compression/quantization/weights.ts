import { sizeOf } from '../../base/index.js';
import { roundHalfEven, Tensor } from '../../onnx/index.js';
import { type IntegerType, limitsOf, SMALLEST_SCALE } from './affine.js';

export interface WeightOptions {
  /** int8 and int4 are symmetric around 0, uint8 around 128. */
  type: IntegerType;
  /** One scale for each index of the axis rather than one for all. */
  perChannel: boolean;
  /** 7 bits of 8: processors that add pairs of 8-bit products in 16 bits cannot overflow then. */
  reduceRange: boolean;
}

/** Where the values of a weight may lie: scale and zero point of each channel. */
export interface WeightGrid {
  readonly type: IntegerType;
  /** The axis that `scales` run along; undefined for one scale. */
  readonly axis?: number;
  readonly scales: Float32Array;
  readonly zeroPoint: number;
  /** Integers lie within zeroPoint ± reach. */
  readonly reach: number;
}

/** Whether two grids round a weight alike. */
export function sameGrid(a: WeightGrid, b: WeightGrid): boolean {
  return a.axis === b.axis && a.scales.length === b.scales.length && a.scales.every((scale, i) => scale === b.scales[i]);
}

/** Fractions of a channel's largest magnitude that are tried as the limit of a 4-bit grid. */
const CLIPPINGS = Array.from({ length: 46 }, (_, i) => 1 - i / 100);

/**
 * The grid of a weight: symmetric, so that zero points cost nothing at run time. 8-bit channels reach to their largest magnitude; 4-bit
 * channels to the limit of least squared error, because there clipping a few values pays.
 * @param axis of the output channels; counts only with `perChannel`.
 */
export function weightGrid(weight: Tensor, axis: number | undefined, options: WeightOptions): WeightGrid {
  const [low, high] = limitsOf(options.type);
  const zeroPoint = low === 0 ? 128 : 0;
  const reach = options.reduceRange && options.type !== 'int4' ? 64 : high - zeroPoint;
  const along = options.perChannel && axis !== undefined ? axis : undefined;
  const layout = layoutOf(weight.shape, along);
  const values = weight.toFloat32();
  const scales = largestMagnitudes(values, layout).map((largest, channel) => {
    const scale = Math.fround(largest / reach);
    if (!(scale >= SMALLEST_SCALE)) return 1;
    return options.type === 'int4' ? bestScale(channelElements(values, layout, channel), scale, reach) : scale;
  });
  return { type: options.type, axis: along, scales, zeroPoint, reach };
}

/** The weight's integers on a grid. */
export function quantizeWeight(weight: Tensor, grid: WeightGrid): Tensor {
  const layout = layoutOf(weight.shape, grid.axis);
  const values = weight.toFloat32();
  const integers = new Int16Array(values.length);
  forEachChannel(layout, (channel, start, end) => {
    const scale = grid.scales[channel];
    for (let i = start; i < end; i++) {
      const q = roundHalfEven(Math.fround(values[i] / scale));
      integers[i] = Math.max(-grid.reach, Math.min(grid.reach, q)) + grid.zeroPoint;
    }
  });
  return Tensor.from(grid.type, weight.shape, integers);
}

/** What a quantized weight stands for. */
export function dequantizeWeight(weight: Tensor, grid: WeightGrid): Tensor {
  const layout = layoutOf(weight.shape, grid.axis);
  const integers = weight.numbers();
  const values = new Float32Array(integers.length);
  forEachChannel(layout, (channel, start, end) => {
    for (let i = start; i < end; i++) values[i] = (integers[i] - grid.zeroPoint) * grid.scales[channel];
  });
  return Tensor.of('float32', weight.shape, values);
}

/** Scales and zero points as DequantizeLinear takes them: scalars, or one for each channel. */
export function gridTensors(grid: WeightGrid): { scale: Tensor; zeroPoint: Tensor } {
  const shape = grid.axis === undefined ? [] : [grid.scales.length];
  const zeros = new Array<number>(grid.scales.length).fill(grid.zeroPoint);
  return { scale: Tensor.of('float32', shape, grid.scales), zeroPoint: Tensor.from(grid.type, shape, zeros) };
}

/** Largest magnitude of an int32 bias, with room left for the sum that it is added to. */
const BIAS_LIMIT = 2 ** 30;

/**
 * Widens the scales of channels whose weights are so small beside their bias that the bias would not fit into 32 bits at
 * scale(activation) · scale(weight).
 */
export function widenForBias(grid: WeightGrid, bias: Float32Array, activationScale: number): WeightGrid {
  const single = grid.scales.length === 1;
  const scales = grid.scales.slice();
  bias.forEach((value, channel) => {
    const needed = Math.fround(Math.abs(value) / (activationScale * BIAS_LIMIT));
    const index = single ? 0 : channel;
    if (needed > scales[index]) scales[index] = needed;
  });
  return { ...grid, scales };
}

/** A bias in int32, one scale for each of its elements or one for all. */
export function quantizeBias(bias: Float32Array, grid: WeightGrid, activationScale: number): { data: Tensor; scale: Tensor } {
  const perChannel = grid.axis !== undefined;
  const scales = grid.scales.map((scale) => Math.fround(scale * activationScale));
  const data = Int32Array.from(bias, (value, channel) => roundHalfEven(value / scales[perChannel ? channel : 0]));
  return { data: Tensor.of('int32', [bias.length], data), scale: Tensor.of('float32', perChannel ? [scales.length] : [], scales) };
}

interface Layout {
  outer: number;
  channels: number;
  inner: number;
}

function layoutOf(shape: readonly number[], axis: number | undefined): Layout {
  if (axis === undefined) return { outer: 1, channels: 1, inner: sizeOf(shape) };
  return { outer: sizeOf(shape.slice(0, axis)), channels: shape[axis], inner: sizeOf(shape.slice(axis + 1)) };
}

/** Runs of neighbouring elements that share a channel. */
function forEachChannel({ outer, channels, inner }: Layout, visit: (channel: number, start: number, end: number) => void): void {
  for (let block = 0; block < outer; block++)
    for (let channel = 0; channel < channels; channel++) {
      const start = (block * channels + channel) * inner;
      visit(channel, start, start + inner);
    }
}

function channelElements(values: Float32Array, { outer, channels, inner }: Layout, channel: number): Float32Array {
  const members = new Float32Array(outer * inner);
  for (let block = 0; block < outer; block++) {
    const start = (block * channels + channel) * inner;
    members.set(values.subarray(start, start + inner), block * inner);
  }
  return members;
}

function largestMagnitudes(values: Float32Array, layout: Layout): Float32Array {
  const largest = new Float32Array(layout.channels);
  forEachChannel(layout, (channel, start, end) => {
    for (let i = start; i < end; i++) largest[channel] = Math.max(largest[channel], Math.abs(values[i]));
  });
  return largest;
}

/** The scale, at most `whole`, that loses least when a channel is rounded to integers within ± reach. */
function bestScale(members: Float32Array, whole: number, reach: number): number {
  let best = { scale: whole, error: Number.POSITIVE_INFINITY };
  for (const fraction of CLIPPINGS) {
    const scale = Math.fround(whole * fraction);
    let error = 0;
    for (const value of members) error += (value - Math.max(-reach, Math.min(reach, roundHalfEven(value / scale))) * scale) ** 2;
    if (error < best.error) best = { scale, error };
  }
  return best.scale;
}
