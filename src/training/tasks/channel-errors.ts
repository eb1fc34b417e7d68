import { DataError, sizeOf } from '../../base/index.js';
import type { ChannelError } from '../../metrics/index.js';
import type { Tensor } from '../../onnx/index.js';
import { channelAxis } from '../channels.js';

/**
 * A channel's variance counts as at least this share of the power of its own values, and of what others move that are measured alike: of the mean of those
 * that stay in [0, 1], as probabilities do, or of the median of the others. Boxes in pixels say nothing of how much a score must move.
 */
const LEAST_OF_POWER = 1e-8;
const LEAST_OF_UNIT = 0.01;
const LEAST_OF_MEDIAN = 1e-4;
/** Below this share of its power a channel's variance is what rounding makes of a constant, some ten steps of float32: then its power is what counts. */
const ROUNDING = 1e-12;
/** Below this share of its power, a hundredth of its size, a channel hardly moves. */
const STILL = 1e-4;

/** Sums the differences of one output to the original's, channel by channel, sample by sample, so that memory does not grow. */
export class ChannelErrors {
  largest = 0;
  readonly #output: string;
  readonly #axis: number | undefined;
  /** Sums of each channel, about its first number: outputs far from zero keep their digits. */
  #shift = new Float64Array(0);
  #count = new Float64Array(0);
  #sum = new Float64Array(0);
  #square = new Float64Array(0);
  #power = new Float64Array(0);
  #error = new Float64Array(0);
  #least = new Float64Array(0);
  #most = new Float64Array(0);
  #cosines = 0;
  #samples = 0;
  #rank = 0;

  /** @param axis of the channels, where it is known; see `channelAxis`. */
  constructor(output: string, axis?: number) {
    this.#output = output;
    this.#axis = axis;
  }

  /** @throws DataError where the shapes differ: such outputs cannot be compared. */
  add(reference: Tensor, candidate: Tensor, samples: number): void {
    const { shape } = reference;
    if (String(shape) !== String(candidate.shape)) throw differentShapes(this.#output, reference, candidate);
    const axis = this.#axis ?? channelAxis(shape);
    const channels = axis === undefined ? 1 : shape[axis];
    const inner = axis === undefined ? 1 : sizeOf(shape.slice(axis + 1));
    const width = sizeOf(shape) / Math.max(1, shape[0] ?? 1);
    const [a, b] = [reference.toFloat32(), candidate.toFloat32()];
    this.#rank = shape.slice(2).every((dim) => dim === 1) ? 2 : shape.length;
    if (this.#shift.length === 0) this.#begin(channels, inner, a);
    for (let row = 0; row < samples; row++) this.#addRow(a, b, { start: row * width, width, channels, inner });
  }

  get cosine(): number {
    return this.#cosines / Math.max(1, this.#samples);
  }

  /** 1 - R² of all numbers together where a sample is one row of them, else of the worst channel. */
  get noise(): number {
    if (this.#rank > 2)
      return this.channels().reduce(
        (most, { error, variance }) => Math.max(most, error === 0 ? 0 : error / (variance || Number.EPSILON)),
        0,
      );
    const total = (values: Float64Array) => values.reduce((sum, each) => sum + each, 0);
    // Channels are summed about numbers of their own: back to the first one's.
    const shifts = this.#shift.map((shift) => shift - this.#shift[0]);
    const sum = total(this.#sum.map((each, channel) => each + shifts[channel] * this.#count[channel]));
    const square = total(
      this.#square.map((each, channel) => each + 2 * shifts[channel] * this.#sum[channel] + shifts[channel] ** 2 * this.#count[channel]),
    );
    const variation = square - sum ** 2 / Math.max(1, total(this.#count));
    const error = total(this.#error);
    return error === 0 ? 0 : error / (variation || Number.EPSILON);
  }

  channels(): ChannelError[] {
    const found = Array.from(this.#count, (count, channel) => ({
      output: this.#output,
      channel,
      error: this.#error[channel] / count,
      variance: Math.max(0, (this.#square[channel] - this.#sum[channel] ** 2 / count) / count),
      power: this.#power[channel] / count,
    }));
    // Where nothing moves there is nothing but the values themselves to measure by.
    const moves = found.some(({ variance, power }) => variance > ROUNDING * power);
    const isUnit = (channel: number) => this.#least[channel] >= 0 && this.#most[channel] <= 1;
    const [units, others] = [true, false].map((unit) =>
      found.filter(({ channel }) => isUnit(channel) === unit).map(({ variance, power }) => (moves ? variance : power)),
    );
    const mean = units.reduce((sum, variance) => sum + variance, 0) / Math.max(1, units.length);
    const median = others.sort((a, b) => a - b)[Math.floor(others.length / 2)] ?? 0;
    return found.map((each) => {
      const floor = isUnit(each.channel) ? LEAST_OF_UNIT * mean : LEAST_OF_MEDIAN * median;
      const { variance, power } = each;
      const own = variance > ROUNDING * power ? Math.max(variance, LEAST_OF_POWER * power) : power;
      return { ...each, variance: Math.max(own, floor), ...(variance < STILL * power && floor < own && { isStill: true }) };
    });
  }

  #begin(channels: number, inner: number, values: Float32Array): void {
    this.#shift = Float64Array.from({ length: channels }, (_, channel) => values[channel * inner]);
    const zeros = () => new Float64Array(channels);
    this.#least = zeros().fill(Number.POSITIVE_INFINITY);
    this.#most = zeros().fill(Number.NEGATIVE_INFINITY);
    [this.#count, this.#sum, this.#square, this.#power, this.#error] = [zeros(), zeros(), zeros(), zeros(), zeros()];
  }

  #addRow(
    a: Float32Array,
    b: Float32Array,
    { start, width, channels, inner }: Record<'start' | 'width' | 'channels' | 'inner', number>,
  ): void {
    const [shifts, counts, sums, squares, powers, all] = [this.#shift, this.#count, this.#sum, this.#square, this.#power, this.#error];
    let [dot, aa, bb, largest] = [0, 0, 0, this.largest];
    for (let [i, channel] = [start, 0]; i < start + width; channel = channel + 1 === channels ? 0 : channel + 1) {
      const end = Math.min(start + width, i + inner);
      const shift = shifts[channel];
      let [sum, square, power, error, least, most] = [0, 0, 0, 0, this.#least[channel], this.#most[channel]];
      counts[channel] += end - i;
      for (; i < end; i++) {
        const x = a[i];
        const y = b[i];
        const off = x - y;
        const shifted = x - shift;
        sum += shifted;
        square += shifted * shifted;
        power += x * x;
        error += off * off;
        if (x < least) least = x;
        if (x > most) most = x;
        if (off > largest || -off > largest) largest = Math.abs(off);
        dot += x * y;
        bb += y * y;
      }
      if (Number.isNaN(error)) largest = error;
      aa += power;
      sums[channel] += sum;
      squares[channel] += square;
      powers[channel] += power;
      all[channel] += error;
      this.#least[channel] = least;
      this.#most[channel] = most;
    }
    this.largest = largest;
    this.#cosines += aa === 0 && bb === 0 ? 1 : dot / (Math.sqrt(aa * bb) || 1);
    this.#samples++;
  }
}

function differentShapes(output: string, reference: Tensor, candidate: Tensor): DataError {
  return new DataError({
    what: "An output has another shape than the original's: the two cannot be compared",
    where: `output "${output}"`,
    expected: `[${reference.shape}]`,
    got: `[${candidate.shape}]`,
    fix: 'Judge an output whose shape does not depend on the numbers (--scores names it)',
  });
}
