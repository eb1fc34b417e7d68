import type { Axis } from '../rows.js';
import { cholesky, solveLower, solveUpper } from './cholesky.js';
import type { Hyperparameters } from './fit.js';
import { matern, squaredDifference } from './kernel.js';

export interface Normal {
  readonly mean: number;
  /** Standard deviation, above 0. */
  readonly deviation: number;
}

/** A Gaussian process with mean 0 and variance 1, given values at some points. */
export class GaussianProcess {
  readonly #axes: readonly Axis[];
  readonly #rows: readonly Float64Array[];
  readonly #rates: Float64Array;
  readonly #factor: Float64Array;
  readonly #weights: Float64Array;

  /** @param rows as `rowOf` gives them. */
  constructor(axes: readonly Axis[], rows: readonly Float64Array[], values: ArrayLike<number>, { lengths, noise }: Hyperparameters) {
    const n = rows.length;
    this.#axes = axes;
    this.#rows = rows;
    this.#rates = lengths.map((length) => 1 / length ** 2);
    const covariance = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) covariance[i * n + j] = this.#covariance(rows[i], rows[j]);
      covariance[i * n + i] = 1 + noise;
    }
    this.#factor = cholesky(covariance, n);
    this.#weights = solveUpper(this.#factor, solveLower(this.#factor, values, n), n);
  }

  /** What the modelled value (without noise) is believed to be at a point. */
  at(row: Float64Array): Normal {
    const near = Float64Array.from(this.#rows, (other) => this.#covariance(row, other));
    let mean = 0;
    for (let i = 0; i < near.length; i++) mean += near[i] * this.#weights[i];
    const explained = solveLower(this.#factor, near, near.length);
    let variance = 1;
    for (let i = 0; i < explained.length; i++) variance -= explained[i] * explained[i];
    return { mean, deviation: Math.sqrt(Math.max(variance, 1e-10)) };
  }

  #covariance(a: Float64Array, b: Float64Array): number {
    let squared = 0;
    for (let j = 0; j < this.#axes.length; j++) squared += this.#rates[j] * squaredDifference(this.#axes[j], a[j], b[j]);
    return matern(squared);
  }
}
