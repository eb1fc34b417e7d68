import { finite, NOTHING, significant, withUnit } from '../../base/index.js';
import type { QualityInfo } from '../../strategies/index.js';

export { finite, formatBytes, formatCount, NOTHING, significant } from '../../base/index.js';

/** Milliseconds: "0.213 ms", "15.2 ms", "1.24 s". */
export function formatMs(milliseconds: number | undefined): string {
  const value = finite(milliseconds);
  if (value === undefined) return NOTHING;
  return Math.abs(Number(value.toPrecision(3))) >= 1000 ? `${significant(value / 1000)} s` : `${significant(value)} ms`;
}

/** Microjoules: "1.24 µJ", "3.1 mJ". */
export function formatEnergy(microjoules: number | undefined): string {
  return withUnit(microjoules, ['µJ', 'mJ', 'J']);
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

type Metric = QualityInfo['metric'];

/** What people call a metric. */
export function metricName(metric: Metric): string {
  return { accuracy: 'accuracy', agreement: 'agreement with the original', r2: 'R²' }[metric] ?? String(metric);
}

/**
 * A quality: a percentage for accuracy and agreement ("98.4%"), a plain number for R² ("0.9987"). Never rounded up to a perfect score.
 * @param samples decides the digits: one after the point below 5,000 samples, two from there on.
 */
export function formatQuality(metric: Metric, value: number | undefined, samples = 0): string {
  const known = finite(value);
  if (known === undefined) return NOTHING;
  if (metric === 'r2') return belowPerfect(known, 1, 4);
  return `${belowPerfect(known * 100, 100, decimals(samples))}%`;
}

/** A 95% interval, in the same units: "97.4 to 99.1%". */
export function formatInterval(metric: Metric, interval: readonly [number, number] | undefined, samples = 0): string {
  if (finite(interval?.[0]) === undefined || finite(interval?.[1]) === undefined) return NOTHING;
  const [low, high] = interval as readonly [number, number];
  return `${formatQuality(metric, low, samples).replace('%', '')} to ${formatQuality(metric, high, samples)}`;
}

/** A change of quality with its sign, in percentage points for accuracy and agreement ("-0.2"), as it is for R² ("-0.0013"). */
export function formatChange(metric: Metric, change: number | undefined, samples = 0): string {
  const known = finite(change);
  if (known === undefined) return NOTHING;
  const text = metric === 'r2' ? known.toFixed(4) : (known * 100).toFixed(decimals(samples));
  if (Number(text) === 0) return text.replace('-', '');
  return known > 0 ? `+${text}` : text;
}

function decimals(samples: number): number {
  return samples >= 5000 ? 2 : 1;
}

function belowPerfect(value: number, perfect: number, digits: number): string {
  const text = value.toFixed(digits);
  if (value < perfect && Number(text) === perfect) return (perfect - 10 ** -digits).toFixed(digits);
  return text;
}

/** "1 model", "3 models". */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
