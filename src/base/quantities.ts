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
