import type { Range } from '../affine.js';

/** Bins of a histogram. A multiple of 256, so that 8-bit levels fall on bins evenly. */
const BINS = 4096;

/** Numbers counted in one call; more are sampled at even steps. The extremes are always those of all numbers. */
const MOST_COUNTED = 2 ** 18;

/**
 * A histogram of a stream of numbers whose range is not known beforehand, in fixed memory. When a number lies outside, the bins are moved by
 * whole ones or merged in pairs, so that counts stay exact; about half of the bins or more are within the numbers' range.
 * NaN and infinities are left out.
 */
export class StreamingHistogram {
  readonly counts = new Float64Array(BINS);
  /** Left edge of the first bin, and the bins' width. Both 0 until a number other than zero was seen. */
  low = 0;
  width = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  /** How many numbers were left out because they are not finite. */
  ignored = 0;
  /** Zeros seen before there were bins. */
  #zeros = 0;

  /** @param whole the extremes of all the numbers that `values` are drawn from. Default: of `values`. */
  add(values: Float32Array, whole?: Range): void {
    const seen = this.#extremes(values);
    if (seen.min > seen.max) return;
    const min = whole && Number.isFinite(whole.min) ? Math.min(seen.min, whole.min) : seen.min;
    const max = whole && Number.isFinite(whole.max) ? Math.max(seen.max, whole.max) : seen.max;
    if (min < this.min) this.min = min;
    if (max > this.max) this.max = max;
    const step = Math.max(1, Math.floor(values.length / MOST_COUNTED));
    if (min === 0 && max === 0 && this.width === 0) {
      this.#zeros += Math.ceil(values.length / step);
      return;
    }
    this.#cover();
    const { counts, low } = this;
    const perUnit = 1 / this.width;
    for (let i = 0; i < values.length; i += step) {
      const bin = Math.floor((values[i] - low) * perUnit);
      // NaN fails both tests; rounding may put the largest number one bin too far.
      if (bin >= 0 && bin < BINS) counts[bin]++;
      else if (bin === BINS) counts[BINS - 1]++;
    }
  }

  /** How many numbers are counted. */
  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, this.#zeros);
  }

  /** The range of what was seen; nothing but zero where nothing was. */
  get range(): Range {
    return this.min > this.max ? { min: 0, max: 0 } : { min: this.min, max: this.max };
  }

  /** Middle of a bin. */
  middle(bin: number): number {
    return this.low + (bin + 0.5) * this.width;
  }

  #extremes(values: Float32Array): Range {
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    let ignored = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value - value !== 0) ignored++;
      else {
        if (value < min) min = value;
        if (value > max) max = value;
      }
    }
    this.ignored += ignored;
    return { min, max };
  }

  /** Moves the bins, or doubles their width, until they cover everything seen. */
  #cover(): void {
    const [bottom, top] = [Math.min(this.min, 0), Math.max(this.max, 0)];
    if (this.width === 0) this.#start(bottom, top);
    for (;;) {
      const high = this.low + BINS * this.width;
      if (bottom >= this.low && top <= high) return;
      const steps = bottom < this.low ? Math.floor((bottom - this.low) / this.width) : Math.ceil((top - high) / this.width);
      if (top - bottom <= (BINS - 1) * this.width) this.#shift(steps);
      else this.#double();
    }
  }

  /** Begins with the range of the first numbers, zero included: it is where many of them are, and what ranges are widened to. */
  #start(bottom: number, top: number): void {
    this.width = (top - bottom) / BINS;
    this.low = bottom;
    if (this.#zeros > 0) this.counts[Math.min(BINS - 1, Math.floor(-bottom / this.width))] += this.#zeros;
    this.#zeros = 0;
  }

  /** Moves the covered range by whole bins; those that fall off at the other end are empty. */
  #shift(bins: number): void {
    const moved = new Float64Array(BINS);
    for (let bin = Math.max(0, bins); bin < Math.min(BINS, BINS + bins); bin++) moved[bin - bins] = this.counts[bin];
    this.counts.set(moved);
    this.low += bins * this.width;
  }

  #double(): void {
    const { counts } = this;
    const merged = new Float64Array(BINS);
    for (let i = 0; i < BINS / 2; i++) merged[i] = counts[2 * i] + counts[2 * i + 1];
    counts.set(merged);
    this.width *= 2;
  }
}
