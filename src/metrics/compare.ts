import type { Metric } from './metric.js';

/** A value of a metric turned so that more is better. */
export function worth({ direction }: Pick<Metric, 'direction'>, value: number): number {
  return direction === 'maximize' ? value : -value;
}

/**
 * How much is lost from one value of a metric to another, as its scale measures: a difference of shares and coefficients, for amounts relative to
 * the first, for decibels the noise that was added. Negative where it got better.
 */
export function lossBetween(metric: Pick<Metric, 'direction' | 'scale'>, before: number, after: number): number {
  return metric.scale.measure(worth(metric, before), worth(metric, after));
}

/** Whether the loss from one value to another is within a tolerance. A single sample that changes sides, or a ten-thousandth, is never too much. */
export function isWithin(
  metric: Pick<Metric, 'direction' | 'scale'>,
  { before, after, samples }: { before: number; after: number; samples: number },
  tolerance: number,
): boolean {
  return lossBetween(metric, before, after) <= Math.max(tolerance, metric.scale.grain(samples));
}
