import { finite, formatBytes, formatCount, formatMs, significant } from '../../report/info/index.js';
import type { Limits } from '../../strategies/index.js';

/** A limit that can be set in the page: all but rules of other metrics. */
export type LimitName = Exclude<keyof Limits, 'rules'>;

export interface LimitField {
  readonly name: LimitName;
  readonly label: string;
  /** What may be typed, e.g. "100 KB". */
  readonly example: string;
  /** The value as it is typed. */
  text(value: number): string;
  /** @returns undefined for what is no such quantity. */
  parse(text: string): number | undefined;
}

const BYTES = { '': 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 };
const COUNTS = { '': 1, k: 1e3, m: 1e6, g: 1e9 };
const MILLISECONDS = { '': 1, ms: 1, s: 1000 };
const MINUTES = { '': 60_000, ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };
const POINTS = { '': 1, point: 1, points: 1 };
const SHARE = { '': 1, '%': 0.01 };

const points = (value: number) => `${significant(value)} ${value === 1 ? 'point' : 'points'}`;
const atLeastNone = (value: number | undefined) => value;
const positive = (value: number | undefined) => (value !== undefined && value > 0 ? value : undefined);

export const limitFields: readonly LimitField[] = [
  field('maxSize', 'Largest file', '100 KB', formatBytes, BYTES),
  field('maxMacs', 'Most multiply-accumulates', '12 M', formatCount, COUNTS),
  field('maxLatency', 'Largest latency', '5 ms', formatMs, MILLISECONDS),
  field('maxMemory', 'Largest activations', '256 KB', formatBytes, BYTES),
  field('maxRam', 'Most RAM of compiled code', '64 KB', formatBytes, BYTES),
  field('maxFlash', 'Most flash of compiled code', '256 KB', formatBytes, BYTES),
  field('maxDrop', 'Largest loss of quality', '1 point', points, POINTS, atLeastNone),
  field('minQuality', 'Worst quality', '0.95 or 95%', significant, SHARE, atLeastNone),
];

/** "30 min", "90 s" or "2 h" in milliseconds; a plain number is minutes. Undefined for anything else. */
export function parseTime(text: string): number | undefined {
  return positive(quantity(text, MINUTES));
}

function field(
  name: LimitName,
  label: string,
  example: string,
  text: (value: number) => string,
  units: Readonly<Record<string, number>>,
  check = positive,
): LimitField {
  return { name, label, example, text, parse: (typed) => check(quantity(typed, units)) };
}

function quantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, number, unit = ''] = /^\s*(\d*\.?\d+(?:e[+-]?\d+)?)\s*([a-z%]*)\s*$/i.exec(text) ?? [];
  const factor = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined;
  // 64.2 KB is 64200 bytes, not 64200.00000000001.
  return number === undefined || factor === undefined ? undefined : finite(Number((Number(number) * factor).toPrecision(15)));
}
