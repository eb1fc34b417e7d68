import type { ResizeMode } from './spec.js';

/** For each output position: the first input position that it draws on, and the weights from there on (they sum to 1). */
interface Taps {
  first: Int32Array;
  /** [output length, width], rows padded with zeros. */
  weights: Float32Array;
  width: number;
}

/**
 * Resizes one image [height, width, channels] in float: separable, half-pixel centres. "bilinear" widens its triangle filter by the
 * shrinking factor, as Pillow and torch's `interpolate(antialias=True)` do; "nearest" is Pillow's nearest.
 */
export class Resizer {
  readonly #rows: Taps;
  readonly #columns: Taps;
  readonly #scratch: Float32Array;
  readonly #from: { width: number; height: number };
  readonly #channels: number;

  constructor(from: { width: number; height: number }, to: { width: number; height: number; mode: ResizeMode }, channels: number) {
    const taps = to.mode === 'nearest' ? nearest : triangle;
    this.#rows = taps(from.height, to.height);
    this.#columns = taps(from.width, to.width);
    this.#scratch = new Float32Array(from.height * to.width * channels);
    this.#from = from;
    this.#channels = channels;
  }

  /** Reads the image at `start` of `source` and fills `target` ([new height, new width, channels]). */
  run(source: ArrayLike<number>, start: number, target: Float32Array): void {
    const { height, width } = this.#from;
    const c = this.#channels;
    const newWidth = this.#columns.first.length;
    resample(source, start, this.#scratch, { lines: height, lineIn: width * c, lineOut: newWidth * c, step: c, inner: c }, this.#columns);
    resample(this.#scratch, 0, target, { lines: 1, lineIn: 0, lineOut: 0, step: newWidth * c, inner: newWidth * c }, this.#rows);
  }
}

interface Walk {
  /** Independent lines, and how far apart they start. */
  lines: number;
  lineIn: number;
  lineOut: number;
  /** Distance between neighbours along the resampled axis. */
  step: number;
  /** Contiguous values that move together at each position. */
  inner: number;
}

function resample(source: ArrayLike<number>, start: number, target: Float32Array, walk: Walk, taps: Taps): void {
  const { lines, lineIn, lineOut, step, inner } = walk;
  const { first, weights, width } = taps;
  for (let line = 0; line < lines; line++) {
    for (let o = 0; o < first.length; o++) {
      const to = line * lineOut + o * step;
      const from = start + line * lineIn + first[o] * step;
      for (let k = 0; k < inner; k++) {
        let sum = 0;
        for (let t = 0; t < width; t++) {
          const weight = weights[o * width + t];
          if (weight !== 0) sum += weight * source[from + t * step + k];
        }
        target[to + k] = sum;
      }
    }
  }
}

function triangle(from: number, to: number): Taps {
  const ratio = from / to;
  const radius = Math.max(1, ratio);
  const width = Math.ceil(radius) * 2 + 1;
  const first = new Int32Array(to);
  const weights = new Float32Array(to * width);
  for (let o = 0; o < to; o++) {
    const centre = (o + 0.5) * ratio;
    const low = Math.max(0, Math.floor(centre - radius + 0.5));
    const high = Math.min(from, Math.floor(centre + radius + 0.5));
    const raw = Array.from({ length: high - low }, (_, t) => Math.max(0, 1 - Math.abs((low + t + 0.5 - centre) / radius)));
    const sum = raw.reduce((total, weight) => total + weight, 0);
    first[o] = low;
    for (let t = 0; t < raw.length; t++) weights[o * width + t] = raw[t] / sum;
  }
  return { first, weights, width };
}

function nearest(from: number, to: number): Taps {
  const first = Int32Array.from({ length: to }, (_, o) => Math.min(from - 1, Math.floor(((o + 0.5) * from) / to)));
  return { first, weights: new Float32Array(to).fill(1), width: 1 };
}
