import { BYTE_UNITS, COUNT_UNITS, parseQuantity, type Units } from '../../base/index.js';
import { formatBytes, formatCount, formatMs, significant } from '../../report/info/index.js';
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

const MILLISECONDS = { '': 1, ms: 1, s: 1000 };
const MINUTES = { '': 60_000, ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };
const POINTS = { '': 1, point: 1, points: 1 };
const SHARE = { '': 1, '%': 0.01 };

const points = (value: number) => `${significant(value)} ${value === 1 ? 'point' : 'points'}`;
const atLeastNone = (value: number | undefined) => value;
const positive = (value: number | undefined) => (value !== undefined && value > 0 ? value : undefined);

export const limitFields: readonly LimitField[] = [
  field('maxSize', 'Largest file', '100 KB', formatBytes, BYTE_UNITS),
  field('maxMacs', 'Most multiply-accumulates', '12 M', formatCount, COUNT_UNITS),
  field('maxLatency', 'Largest latency', '5 ms', formatMs, MILLISECONDS),
  field('maxMemory', 'Largest activations', '256 KB', formatBytes, BYTE_UNITS),
  field('maxRam', 'Most RAM of compiled code', '64 KB', formatBytes, BYTE_UNITS),
  field('maxFlash', 'Most flash of compiled code', '256 KB', formatBytes, BYTE_UNITS),
  field('maxDrop', 'Largest loss of quality', '1 point', points, POINTS, atLeastNone),
  field('minQuality', 'Worst quality', '0.95 or 95%', significant, SHARE, atLeastNone),
];

/** "30 min", "90 s" or "2 h" in milliseconds; a plain number is minutes. Undefined for anything else. */
export function parseTime(text: string): number | undefined {
  return positive(parseQuantity(text, MINUTES));
}

function field(
  name: LimitName,
  label: string,
  example: string,
  text: (value: number) => string,
  units: Units,
  check = positive,
): LimitField {
  return { name, label, example, text, parse: (typed) => check(parseQuantity(typed, units)) };
}
