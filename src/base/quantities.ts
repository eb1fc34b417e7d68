import { lookup } from './lookup.js';

/** What stands for a number that was not measured. */
export const NOTHING = '-';

/** The number itself where it is finite. JSON turns NaN and infinities to null, so that reports must expect it anywhere. */
export function finite(value: number | null | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Bytes in decimal units (1 KB is 1,000 bytes), three significant digits: "812 B", "45.2 KB", "1.24 MB". */
export function formatBytes(bytes: number | undefined): string {
  return withUnit(bytes, ['B', 'KB', 'MB', 'GB', 'TB']);
}

/** A count, three significant digits: "950", "44.2 K", "1.24 M", "3.9 G". */
export function formatCount(count: number | undefined): string {
  return withUnit(count, ['', 'K', 'M', 'G', 'T']);
}

/** A quantity in the largest unit in which it is at least 1, three significant digits; each unit is a thousand of the one before. */
export function withUnit(value: number | undefined, units: readonly string[]): string {
  let amount = finite(value);
  if (amount === undefined) return NOTHING;
  let unit = 0;
  // 999.6 KB has four digits when rounded to three, and so is 1 MB.
  while (Math.abs(Number(amount.toPrecision(3))) >= 1000 && unit < units.length - 1) {
    amount /= 1000;
    unit++;
  }
  return `${significant(amount)} ${units[unit]}`.trim();
}

/** At most so many significant digits, without trailing zeros, never in exponent notation for numbers of ordinary size. */
export function significant(value: number, digits = 3): string {
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(digits));
  return Math.abs(rounded) >= 1e15 || Math.abs(rounded) < 1e-6 ? rounded.toExponential() : String(rounded);
}

/** "12 s", "3 min 20 s", "2 h 5 min". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ''}`;
  return `${Math.floor(whole / 3600)} h${Math.floor((whole % 3600) / 60) ? ` ${Math.floor((whole % 3600) / 60)} min` : ''}`;
}

/** What the units of a kind of quantity stand for, by their small letters; the empty one for a plain number. */
export type Units = Readonly<Record<string, number>>;

export const BYTE_UNITS: Units = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};
export const COUNT_UNITS: Units = { '': 1, k: 1e3, m: 1e6, g: 1e9 };

/** A number of at least 0 with a unit, as people type it: "64.2 KB". @returns undefined for what is none, or not finite. */
export function parseQuantity(text: string, units: Units): number | undefined {
  const [, number, unit = ''] = /^\s*(\d*\.?\d+(?:e[+-]?\d+)?)\s*([a-z%]*)\s*$/i.exec(text) ?? [];
  const factor = lookup(units, unit.toLowerCase());
  if (number === undefined || factor === undefined) return undefined;
  // 64.2 KB is 64200 bytes, not 64200.00000000001.
  const value = factor === 1 ? Number(number) : Number((Number(number) * factor).toPrecision(15));
  return finite(value);
}
