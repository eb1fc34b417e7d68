import type { Axis } from '../rows.js';
import { cholesky, inverseOf } from './cholesky.js';
import { matern, maternSlope, squaredDifference } from './kernel.js';

/** What a Gaussian process of standardized values has besides its data. */
export interface Hyperparameters {
  /** For each axis, on the unit scale. */
  readonly lengths: Float64Array;
  /** Variance of what is measured beside what is modelled. */
  readonly noise: number;
}

const ITERATIONS = 40;
const LONGEST = Math.log(100);
const SHORTEST = Math.log(0.01);
const QUIETEST = Math.log(1e-7);
const LOG_NOISE = -8;

/**
 * The most probable lengths and noise. Lengths have the prior of Hvarfner, Hellsten and Nardi (2024), log-normal around e^√2·√d with deviation √3, so that they grow with the number of axes d; noise a
 * wide one, log-normal around e⁻⁸ with deviation 3: with more noise than there is, a search creeps about its best point. Climbed by resilient propagation (iRprop−, Igel and Hüsken 2003), from the priors' modes.
 */
export function fit(axes: readonly Axis[], rows: readonly Float64Array[], values: ArrayLike<number>): Hyperparameters {
  const d = axes.length;
  const differences = differencesOf(axes, rows);
  const mean = Math.SQRT2 + Math.log(d) / 2;
  const at = new Float64Array(d + 1).fill(mean - 3);
  at[d] = LOG_NOISE;
  const steps = new Float64Array(d + 1).fill(0.2);
  const before = new Float64Array(d + 1);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const slope = slopeOf(differences, values, at, mean);
    for (let j = 0; j <= d; j++) {
      const turn = slope[j] * before[j];
      if (turn > 0) steps[j] = Math.min(1, steps[j] * 1.2);
      else if (turn < 0) steps[j] = Math.max(1e-3, steps[j] * 0.5);
      before[j] = turn < 0 ? 0 : slope[j];
      const [low, high] = j < d ? [SHORTEST, LONGEST] : [QUIETEST, 0];
      at[j] = Math.min(high, Math.max(low, at[j] - Math.sign(before[j]) * steps[j]));
    }
  }
  return { lengths: at.slice(0, d).map(Math.exp), noise: Math.exp(at[d]) };
}

/** For each axis the squared differences of all pairs (i, j < i). */
function differencesOf(axes: readonly Axis[], rows: readonly Float64Array[]): Float64Array[] {
  const pairs = (rows.length * (rows.length - 1)) / 2;
  return axes.map((axis, place) => {
    const differences = new Float64Array(pairs);
    for (let i = 1, pair = 0; i < rows.length; i++) {
      for (let j = 0; j < i; j++, pair++) differences[pair] = squaredDifference(axis, rows[i][place], rows[j][place]);
    }
    return differences;
  });
}

/**
 * The gradient of the negative logarithm of the posterior.
 * @param at the logarithms of the lengths and, last, of the noise.
 */
export function slopeOf(differences: readonly Float64Array[], values: ArrayLike<number>, at: Float64Array, mean: number): Float64Array {
  const [n, d] = [values.length, differences.length];
  const slope = new Float64Array(d + 1);
  const rates = at.slice(0, d).map((length) => Math.exp(-2 * length));
  const noise = Math.exp(at[d]);
  const squared = new Float64Array(differences[0].length);
  for (let j = 0; j < d; j++) for (let pair = 0; pair < squared.length; pair++) squared[pair] += rates[j] * differences[j][pair];
  const covariance = new Float64Array(n * n);
  for (let i = 0, pair = 0; i < n; i++) {
    covariance[i * n + i] = 1 + noise;
    for (let j = 0; j < i; j++, pair++) covariance[i * n + j] = matern(squared[pair]);
  }
  const inverse = inverseOf(cholesky(covariance, n), n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) weights[i] += inverse[i * n + j] * values[j];
  for (let i = 0, pair = 0; i < n; i++) {
    slope[d] += 0.5 * noise * (inverse[i * n + i] - weights[i] * weights[i]);
    for (let j = 0; j < i; j++, pair++) {
      // Each pair stands twice in the matrix, and half of the trace is wanted.
      const pull = 2 * (inverse[i * n + j] - weights[i] * weights[j]) * maternSlope(squared[pair]);
      for (let axis = 0; axis < d; axis++) slope[axis] += pull * rates[axis] * differences[axis][pair];
    }
  }
  for (let j = 0; j < d; j++) slope[j] += 1 + (at[j] - mean) / 3;
  slope[d] += (at[d] - LOG_NOISE) / 9;
  return slope;
}
