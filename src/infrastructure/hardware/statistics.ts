import { mean } from '../../base/index.js';

/** The quantile `p` in [0, 1], by linear interpolation between order statistics (Hyndman and Fan's type 7). */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * p;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

/** Sample standard deviation over mean; 0 for a single value. */
export function coefficientOfVariation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const center = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1);
  return Math.sqrt(variance) / center;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
  /** Probability with which the interval covers the true median, at least what was asked for where there are enough values. */
  readonly confidence: number;
}

/**
 * A distribution-free confidence interval for the median: the narrowest pair of symmetric order statistics whose binomial coverage reaches
 * `confidence` (David and Nagaraja, Order Statistics, section 7.1). With too few values it is their whole range, at its real confidence.
 */
export function medianInterval(values: readonly number[], confidence = 0.95): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  let tail = 0.5 ** n;
  let probability = tail;
  let rank = 0;
  // `tail` is P(Binomial(n, 1/2) <= rank); the interval from order statistic rank+1 to n-rank covers with 1 - 2 tail.
  while (rank + 1 < n / 2) {
    const next = (probability * (n - rank)) / (rank + 1);
    if (1 - 2 * (tail + next) < confidence) break;
    probability = next;
    tail += next;
    rank++;
  }
  return { low: sorted[rank], high: sorted[n - 1 - rank], confidence: Math.max(0, 1 - 2 * tail) };
}
