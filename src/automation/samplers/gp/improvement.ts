import type { Box } from './boxes.js';
import { logDensity, logMassBelow, millsRatio } from './normal.js';
import type { Normal } from './regression.js';

/**
 * The logarithm of the expected improvement E[max(0, target − y)], less being better, as Ament et al. (2023, arXiv 2310.20708) compute it: it does
 * not vanish where the improvement itself is smaller than any number.
 */
export function logExpectedImprovement({ mean, deviation }: Normal, target: number): number {
  if (target === -Infinity) return -Infinity;
  const z = (target - mean) / deviation;
  return Math.log(deviation) + logPositivePart(z);
}

/** log(φ(z) + z·Φ(z)): the expected positive part of a normal with mean z and deviation 1. */
export function logPositivePart(z: number): number {
  if (z > -1) return Math.log(Math.exp(logDensity(z)) + z * Math.exp(logMassBelow(z)));
  // With the ratio of Mills M = Φ(z)/φ(z): φ·(1 + z·M), where the bracket is about 1/z² far out and subtracting would leave nothing of it.
  if (z > -1e3) return logDensity(z) + Math.log1p(z * millsRatio(z));
  return logDensity(z) - 2 * Math.log(-z);
}

/** The logarithm of a sum of exponentials. */
export function logSum(terms: ArrayLike<number>): number {
  let most = -Infinity;
  for (let i = 0; i < terms.length; i++) most = Math.max(most, terms[i]);
  if (most === -Infinity) return -Infinity;
  let sum = 0;
  for (let i = 0; i < terms.length; i++) sum += Math.exp(terms[i] - most);
  return most + Math.log(sum);
}

/**
 * The logarithm of the expected hypervolume improvement for objectives that are independent normals: over the boxes that no point of the front dominates, the sum of the products of how far each objective is
 * expected to reach into the box.
 */
export function logExpectedHypervolumeImprovement(normals: readonly Normal[], boxes: readonly Box[]): number {
  return logSum(
    boxes.map(({ low, high }) => {
      let sum = 0;
      for (let m = 0; m < normals.length && sum > -Infinity; m++) {
        const whole = logExpectedImprovement(normals[m], high[m]);
        const beyond = logExpectedImprovement(normals[m], low[m]);
        sum += whole + Math.log(-Math.expm1(Math.min(-1e-15, beyond - whole)));
      }
      return sum;
    }),
  );
}
