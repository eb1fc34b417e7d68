import type { FloatParameter, IntegerParameter, Value } from './parameters.js';

/**
 * A numeric parameter as the interval [0, 1], evenly spread over its (logarithmic) scale. A discrete parameter's interval reaches half a
 * step beyond its ends, so that each of its values owns one bin.
 */
export class Domain {
  /** How many values there are; Infinity for a continuous parameter. */
  readonly count: number;
  readonly #low: number;
  readonly #high: number;
  readonly #step: number;
  readonly #log: boolean;
  readonly #start: number;
  readonly #length: number;

  constructor({ type, low, high, log = false, step }: FloatParameter | IntegerParameter) {
    this.#step = step ?? (type === 'integer' ? 1 : 0);
    this.#log = log;
    this.#low = low;
    this.count = this.#step > 0 ? Math.floor((high - low) / this.#step + 1e-9) + 1 : low === high ? 1 : Infinity;
    this.#high = this.#step > 0 ? this.valueAt(this.count - 1) : high;
    this.#start = this.#scale(low - this.#step / 2);
    this.#length = this.#scale(this.#high + this.#step / 2) - this.#start;
  }

  /** The i-th value of a discrete parameter, rounded to 12 digits so that steps of 0.1 give 0.3 and not 0.30000000000000004. */
  valueAt(index: number): number {
    const value = this.#low + index * this.#step;
    return Number.isInteger(value) ? value : Number(value.toPrecision(12));
  }

  /** The nearest value of a discrete parameter; a continuous one's own value. */
  nearest(value: number): number {
    if (this.#step === 0) return Math.min(this.#high, Math.max(this.#low, value));
    const index = Math.round((value - this.#low) / this.#step);
    return this.valueAt(Math.min(this.count - 1, Math.max(0, index)));
  }

  /** Whether the parameter has this value; steps of reals are compared with a tolerance of 1e-9 steps. */
  has(value: Value): boolean {
    if (typeof value !== 'number' || !Number.isFinite(value)) return false;
    if (this.#step === 0) return value >= this.#low && value <= this.#high;
    return Math.abs(value - this.nearest(value)) <= 1e-9 * this.#step;
  }

  toUnit(value: number): number {
    return this.#length === 0 ? 0.5 : (this.#scale(value) - this.#start) / this.#length;
  }

  /** @param unit in [0, 1] */
  fromUnit(unit: number): number {
    const scaled = this.#start + unit * this.#length;
    return this.nearest(this.#log ? Math.exp(scaled) : scaled);
  }

  /**
   * The parameter's values for a grid: all of a discrete one's, or `resolution` of a continuous one's, evenly spaced on its scale, ends included.
   */
  grid(resolution: number): number[] {
    if (Number.isFinite(this.count)) return Array.from({ length: this.count }, (_, i) => this.valueAt(i));
    if (resolution === 1) return [this.fromUnit(0.5)];
    const values = Array.from({ length: resolution }, (_, i) => this.fromUnit(i / (resolution - 1)));
    values[0] = this.#low;
    values[resolution - 1] = this.#high;
    return values;
  }

  /** What a grid has of this parameter; see `grid`. */
  gridCount(resolution: number): number {
    return Number.isFinite(this.count) ? this.count : resolution;
  }

  #scale(value: number): number {
    return this.#log ? Math.log(value) : value;
  }
}
