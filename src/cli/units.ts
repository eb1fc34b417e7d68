import { OptionError } from '../base/index.js';

const BYTES: Record<string, number> = { '': 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 };
const SECONDS: Record<string, number> = { '': 1, ms: 0.001, s: 1, m: 60, min: 60, h: 3600 };
const COUNTS: Record<string, number> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };

/** "100KB" or "1.5MiB" in bytes. */
export function bytes(text: string): number {
  return quantity(text, BYTES, 'a size such as 100KB or 1.5MiB');
}

/** "30m", "90s" or "2h" in milliseconds; a plain number is seconds. */
export function milliseconds(text: string): number {
  return quantity(text, SECONDS, 'a time such as 30m, 90s or 2h') * 1000;
}

/** "5ms" in milliseconds; a plain number is milliseconds. */
export function latency(text: string): number {
  return /[a-z]$/i.test(text) ? milliseconds(text) : number(text);
}

/** "12M" in multiply-accumulates. */
export function count(text: string): number {
  return quantity(text, COUNTS, 'a number such as 12M or 300K');
}

export function number(text: string): number {
  return quantity(text, { '': 1 }, 'a number');
}

export function positiveInteger(text: string): number {
  const value = quantity(text, { '': 1 }, 'a positive whole number');
  if (Number.isInteger(value) && value >= 1) return value;
  throw new OptionError({ what: 'Not a usable number', expected: 'a positive whole number', got: `"${text}"` });
}

export function seed(text: string): number {
  const value = quantity(text, { '': 1 }, 'a whole number');
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new OptionError({ what: 'Not a usable seed', expected: 'a whole number from 0 to 4294967295', got: `"${text}"` });
}

function quantity(text: string, units: Record<string, number>, expected: string): number {
  const match = /^\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  const unit = match ? units[match[2].toLowerCase()] : undefined;
  if (!match || unit === undefined) throw new OptionError({ what: 'Not a usable quantity', expected, got: `"${text}"` });
  return Number(match[1]) * unit;
}

/** "N=8,length=128" as sizes by name. */
export function sizes(text: string): Record<string, number> {
  return Object.fromEntries(
    text.split(',').map((part) => {
      const [name, value] = part.split('=');
      if (!name || value === undefined)
        throw new OptionError({ what: 'Not a size', expected: 'NAME=NUMBER, as in N=8,length=128', got: `"${part}"` });
      return [name.trim(), positiveInteger(value)];
    }),
  );
}

/** "a,b , c" as ['a', 'b', 'c']. */
export function list(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** "input=1x3x224x224;mask=1x8" as shapes by name. */
export function shapes(text: string): Record<string, number[]> {
  return Object.fromEntries(
    text.split(';').map((part) => {
      const at = part.lastIndexOf('=');
      const dims = part.slice(at + 1).trim();
      if (at < 1 || !/^(\d+(x\d+)*)?$/.test(dims))
        throw new OptionError({ what: 'Not a shape', expected: 'NAME=DIMxDIM, as in "input=1x3x224x224;mask=1x8"', got: `"${part}"` });
      return [part.slice(0, at).trim(), dims === '' ? [] : dims.split('x').map(Number)];
    }),
  );
}
