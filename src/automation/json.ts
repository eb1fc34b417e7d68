import { OptionError } from '../base/index.js';

/** What a journal can hold and give back unchanged. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * A deep copy made of plain JSON; properties that are undefined are left out.
 * @param where what the value is, for the error.
 * @throws OptionError for what JSON would lose: NaN, infinities, undefined in a list, functions, class instances, cycles.
 */
export function asJson(value: unknown, where: string): Json {
  return copy(value, where, []);
}

function copy(value: unknown, where: string, parents: readonly object[]): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0;
  if (typeof value === 'object') {
    if (parents.includes(value)) throw new OptionError({ what: 'A value that holds itself cannot be stored as JSON', where });
    const inside = [...parents, value];
    if (Array.isArray(value)) return value.map((item, i) => copy(item, `${where}[${i}]`, inside));
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) {
      const entries = Object.entries(value).filter(([, item]) => item !== undefined);
      return Object.fromEntries(entries.map(([key, item]) => [key, copy(item, `${where}.${key}`, inside)]));
    }
  }
  throw new OptionError({
    what: 'This value cannot be stored as JSON',
    where,
    expected: 'null, true, false, a finite number, text, a list or a plain object',
    got: describe(value),
  });
}

function describe(value: unknown): string {
  if (typeof value === 'object' && value !== null) return `a ${value.constructor?.name ?? 'special object'}`;
  return typeof value === 'number' ? String(value) : typeof value;
}

/** JSON text with object keys in order: equal values give equal texts. */
export function canonicalText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`;
  if (value !== null && typeof value === 'object') {
    const record = value as { readonly [key: string]: Json };
    const keys = Object.keys(record).sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalText(record[key])}`).join()}}`;
  }
  return JSON.stringify(value);
}
