import { finite, NOTHING, significant, withUnit } from '../../base/index.js';
import { type Agreement, agreementScale, amount, coefficient, knownMetric, lossBetween, type Scale, share } from '../../metrics/index.js';

export { finite, formatBytes, formatCount, NOTHING, significant } from '../../base/index.js';

/** Milliseconds: "0.213 ms", "15.2 ms", "1.24 s". */
export function formatMs(milliseconds: number | undefined): string {
  const value = finite(milliseconds);
  if (value === undefined) return NOTHING;
  return Math.abs(Number(value.toPrecision(3))) >= 1000 ? `${significant(value / 1000)} s` : `${significant(value)} ms`;
}

/** Microjoules: "1.24 µJ", "3.1 mJ", "2.2 kJ". */
export function formatEnergy(microjoules: number | undefined): string {
  return withUnit(microjoules, ['µJ', 'mJ', 'J', 'kJ', 'MJ', 'GJ']);
}

/** Wall-clock time: "45 s", "3 min 5 s", "2 h 10 min". */
export function formatSeconds(seconds: number | undefined): string {
  const value = finite(seconds);
  if (value === undefined) return NOTHING;
  const whole = Math.round(value);
  if (whole < 60) return `${value < 10 ? significant(value, 2) : whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A share of the whole, in [0, 1], as "12%", "1.5%" or "<0.1%". */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) return '<0.1%';
  return `${percent < 9.95 ? significant(percent, 2) : Math.round(percent)}%`;
}

/** How many times less: "3.9x", "12x", "1.04x", "0.85x". */
export function formatRatio(ratio: number | undefined): string {
  const value = finite(ratio);
  if (value === undefined) return NOTHING;
  const digits = value < 1.095 ? 2 : value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)}x`;
}

/** What people call a metric. */
export function metricName(metric: string): string {
  return knownMetric(metric)?.label ?? metric;
}

/** The same for narrow columns. */
export function shortMetricName(metric: string): string {
  return knownMetric(metric)?.short ?? metricName(metric);
}

/**
 * A quality as its metric writes it: a percentage for shares ("98.4%"), a plain number for R² ("0.9987") and errors. Never rounded up to a perfect score.
 * @param samples decides the digits of percentages: one after the point below 5,000 samples, two from there on.
 */
export function formatQuality(metric: string, value: number | undefined, samples = 0): string {
  const measured = finite(value);
  return measured === undefined ? NOTHING : scaleOf(metric).format(measured, samples);
}

/** A 95% interval, in the same units: "97.4 to 99.1%". */
export function formatInterval(metric: string, interval: readonly [number, number] | undefined, samples = 0): string {
  if (finite(interval?.[0]) === undefined || finite(interval?.[1]) === undefined) return NOTHING;
  const [low, high] = interval as readonly [number, number];
  return `${formatQuality(metric, low, samples).replace('%', '')} to ${formatQuality(metric, high, samples)}`;
}

/** A change of quality with its sign, in percentage points for shares ("-0.2"), as it is for R² ("-0.0013"), in percent for errors. */
export function formatChange(
  metric: string,
  change: number | undefined,
  { value: before, samples = 0 }: { value: number; samples?: number },
): string {
  const measured = finite(change);
  return measured === undefined ? NOTHING : scaleOf(metric).formatChange(measured, before, samples);
}

/** A loss as metrics measure it, with the sign of a change: positive is worse. */
export function formatLoss(metric: string, loss: number): string {
  const { unit, formatChange: write } = scaleOf(metric);
  return unit.startsWith('%') ? amount.formatChange(loss, 1) : write(-loss, 1, 5000);
}

/** How far a model answers as the original does: "99.2% of the answers", "R² 0.9987". */
export function formatAgreement({ measure, value, samples }: Agreement): string {
  const text = agreementScale({ measure }).format(value, samples);
  return measure === 'share' ? `${text} of the answers` : `${measure === 'r2' ? 'R²' : measure} ${text}`;
}

/** Whether more of a metric is better. */
export function isMoreBetter(metric: string): boolean {
  return knownMetric(metric)?.direction !== 'minimize';
}

/** How much worse `after` is, in the unit of the metric's changes: points, hundredths or percent. */
export function lossOf(metric: string, before: number, after: number): number {
  const { scale, direction } = knownMetric(metric) ?? { scale: share, direction: 'maximize' as const };
  return 100 * lossBetween({ scale, direction }, before, after);
}

/** What a change of a metric is measured in: "points". */
export function unitOf(metric: string): string {
  return scaleOf(metric).unit;
}

function scaleOf(metric: string): Scale {
  return knownMetric(metric)?.scale ?? coefficient;
}

/** "1 model", "3 models". */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
