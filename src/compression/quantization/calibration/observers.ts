import type { Range } from '../affine.js';
import { type Affine, affineOfRange, type IntegerType, simulate } from '../affine.js';
import { StreamingHistogram } from './histogram.js';

/** How the range of an activation is found from what is seen of it. */
export type CalibrationMethod = 'min-max' | 'percentile' | 'entropy' | 'mse';

export interface ObserverOptions {
  method: CalibrationMethod;
  /** Type that the values will be quantized to. */
  type: IntegerType;
  /** For 'percentile': how much of the values the range holds, in percent. */
  percentile: number;
}

/** Looks at a stream of activations and chooses the range to quantize. Memory does not grow with the number of samples. */
export interface Observer {
  /** @param whole the extremes of all the numbers that `values` are a sample of. Default: of `values`. */
  add(values: Float32Array, whole?: Range): void;
  /** The chosen range; never wider than what was seen, except that it holds zero. */
  range(): Range;
  /** Mean square of what quantization to the chosen range changes, over the mean square of the values; 0 where it is not known. */
  noise(): number;
  /** Numbers seen that were not finite. */
  readonly ignored: number;
}

export function createObserver(options: ObserverOptions): Observer {
  return new HistogramObserver(options);
}

class HistogramObserver implements Observer {
  readonly #histogram = new StreamingHistogram();
  readonly #options: ObserverOptions;
  #range?: Range;
  #seen?: Points;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  add(values: Float32Array, whole?: Range): void {
    this.#histogram.add(values, whole);
    this.#range = undefined;
    this.#seen = undefined;
  }

  get #points(): Points {
    this.#seen ??= pointsOf(this.#histogram);
    return this.#seen;
  }

  get ignored(): number {
    return this.#histogram.ignored;
  }

  range(): Range {
    this.#range ??= this.#choose();
    return this.#range;
  }

  #choose(): Range {
    const histogram = this.#histogram;
    if (histogram.width === 0) return histogram.range;
    switch (this.#options.method) {
      case 'min-max':
        return histogram.range;
      case 'percentile':
        return percentileRange(histogram, this.#options.percentile);
      case 'entropy':
        return entropyRange(histogram, levelsOf(this.#options.type));
      case 'mse':
        return meanSquaredErrorRange(histogram, this.#options.type, this.#points);
    }
  }

  noise(): number {
    const histogram = this.#histogram;
    if (histogram.width === 0) return 0;
    const power = histogram.counts.reduce((sum, count, bin) => sum + count * histogram.middle(bin) ** 2, 0);
    return power === 0 ? 0 : squaredError(this.#points, affineOfRange(this.range(), this.#options.type)) / power;
  }
}

function levelsOf(type: IntegerType): number {
  return type === 'int4' ? 16 : 256;
}

/** The range that leaves out (100 - percentile)% of the numbers, half of them at each end, as far as they differ from zero. */
export function percentileRange(histogram: StreamingHistogram, percentile: number): Range {
  const { counts, width, low } = histogram;
  const outside = (histogram.total * (1 - percentile / 100)) / 2;
  let [first, last] = [0, counts.length - 1];
  for (let passed = counts[first]; passed <= outside && first < last; passed += counts[first]) first++;
  for (let passed = counts[last]; passed <= outside && last > first; passed += counts[last]) last--;
  return within(histogram.range, low + first * width, low + (last + 1) * width);
}

/** Candidates that are tried between the smallest limit and the largest. */
const ENTROPY_STEPS = 128;

/**
 * The range [-t, t], cut to what was seen, whose quantized distribution diverges least (Kullback-Leibler) from the one with all outliers
 * clipped into it: TensorRT's calibration (Migacz 2017). The smallest range tried has as many bins as there are levels. Zeros do not count:
 * they stay exact in every range, and after Relu they would outweigh everything else.
 */
export function entropyRange(histogram: StreamingHistogram, levels: number): Range {
  const { width, low } = histogram;
  const counts = histogram.counts.slice();
  const zero = Math.min(counts.length - 1, Math.max(0, Math.round(-low / width)));
  counts[Math.min(counts.length - 1, Math.max(0, Math.floor(-low / width)))] = 0;
  const { min, max } = histogram.range;
  const reach = Math.ceil(Math.max(Math.abs(min), Math.abs(max)) / width);
  const smallest = Math.min(reach, min < 0 && max > 0 ? levels / 2 : levels);
  let best = { reach, divergence: Number.POSITIVE_INFINITY };
  for (let step = 0; step <= ENTROPY_STEPS; step++) {
    const candidate = Math.round(smallest + ((reach - smallest) * step) / ENTROPY_STEPS);
    const first = Math.max(0, min < 0 ? zero - candidate : zero);
    const last = Math.min(counts.length, max > 0 ? zero + candidate : zero);
    const divergence = clippedDivergence(counts, first, last, levels);
    if (divergence < best.divergence) best = { reach: candidate, divergence };
  }
  return within(histogram.range, -best.reach * width, best.reach * width);
}

/** KL divergence of bins [first, last) spread evenly within `levels` levels, from the same bins with the rest added at the ends. */
function clippedDivergence(counts: Float64Array, first: number, last: number, levels: number): number {
  const size = last - first;
  if (size <= 0) return Number.POSITIVE_INFINITY;
  const clipped = counts.slice(first, last);
  for (let bin = 0; bin < first; bin++) clipped[0] += counts[bin];
  for (let bin = last; bin < counts.length; bin++) clipped[size - 1] += counts[bin];
  const used = Math.min(levels, size);
  let [mass, spread] = [0, 0];
  const quantized = new Float64Array(size);
  for (let level = 0; level < used; level++) {
    const [start, end] = [Math.floor((level * size) / used), Math.floor(((level + 1) * size) / used)];
    let [sum, filled] = [0, 0];
    for (let bin = start; bin < end; bin++) {
      sum += counts[first + bin];
      if (clipped[bin] > 0) filled++;
    }
    for (let bin = start; bin < end; bin++) if (clipped[bin] > 0) quantized[bin] = sum / filled;
    spread += sum;
  }
  for (const count of clipped) mass += count;
  if (mass === 0 || spread === 0) return Number.POSITIVE_INFINITY;
  let divergence = 0;
  for (let bin = 0; bin < size; bin++) {
    if (clipped[bin] === 0) continue;
    // A bin that clipping filled and quantization left empty would make the divergence infinite.
    const [p, q] = [clipped[bin] / mass, Math.max(quantized[bin] / spread, 1e-9)];
    divergence += p * Math.log(p / q);
  }
  return divergence;
}

/** Limits tried at each end, as fractions of the whole range. */
const FRACTIONS = Array.from({ length: 90 }, (_, i) => 1 - i / 100);

/** The range whose quantization changes the numbers least in the mean square: first both ends together, then each end by itself. */
export function meanSquaredErrorRange(histogram: StreamingHistogram, type: IntegerType, points = pointsOf(histogram)): Range {
  const whole = histogram.range;
  let best = { range: whole, error: squaredError(points, affineOfRange(whole, type)) };
  const attempt = (range: Range) => {
    const error = squaredError(points, affineOfRange(range, type), best.error);
    if (error < best.error) best = { range, error };
  };
  for (const fraction of FRACTIONS) attempt({ min: whole.min * fraction, max: whole.max * fraction });
  if (whole.min < 0 && whole.max > 0) {
    const { max } = best.range;
    for (const fraction of FRACTIONS) attempt({ min: whole.min * fraction, max });
    const { min } = best.range;
    for (const fraction of FRACTIONS) attempt({ min, max: whole.max * fraction });
  }
  return best.range;
}

/** What stands for the numbers in each bin that has any, from the outside in: what clipping costs most comes first. */
interface Points {
  values: Float64Array;
  counts: Float64Array;
}

/** A bin's middle stands for its numbers, but zero for the bin of zero, where Relu puts most of them. */
function pointsOf({ counts, low, width }: StreamingHistogram): Points {
  const bins = new Int32Array(counts.length);
  let size = 0;
  for (let bin = 0; bin < counts.length; bin++) if (counts[bin] > 0) bins[size++] = bin;
  const points = { values: new Float64Array(size), counts: new Float64Array(size) };
  for (let i = 0; i < size; i++) {
    const bin = bins[i % 2 === 0 ? i / 2 : size - 1 - (i - 1) / 2];
    const left = low + bin * width;
    points.values[i] = left <= 0 && left + width > 0 ? 0 : left + width / 2;
    points.counts[i] = counts[bin];
  }
  return points;
}

/** Sum over the points of the squared change by quantization; only that it is more than `enough`, once that is clear. */
function squaredError({ values, counts }: Points, affine: Affine, enough = Number.POSITIVE_INFINITY): number {
  let error = 0;
  for (let i = 0; i < values.length && error <= enough; i++) error += counts[i] * (values[i] - simulate(values[i], affine)) ** 2;
  return error;
}

function within(range: Range, min: number, max: number): Range {
  return { min: Math.min(0, Math.max(range.min, min)), max: Math.max(0, Math.min(range.max, max)) };
}
