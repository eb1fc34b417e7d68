import { InvalidArgumentError } from 'commander';
import { BYTE_UNITS, COUNT_UNITS, parseQuantity, type Units } from '../base/index.js';

const SECONDS: Units = { '': 1, ms: 0.001, s: 1, m: 60, min: 60, h: 3600 };
const NONE: Units = { '': 1 };

// Parsers of option values. Each throws InvalidArgumentError, which Commander turns into a message that names the option.

/** "100KB" or "1.5MiB" in bytes. */
export function bytes(text: string): number {
  return positive(parseQuantity(text, BYTE_UNITS), 'a size such as 100KB or 1.5MiB');
}

/** "30m", "90s" or "2h" in milliseconds; a plain number is seconds. */
export function milliseconds(text: string): number {
  return 1000 * positive(parseQuantity(text, SECONDS), 'a time such as 30m, 90s or 2h');
}

/** "5ms" in milliseconds; a plain number is milliseconds. */
export function latency(text: string): number {
  const isPlain = !/[a-z]\s*$/i.test(text);
  return positive(isPlain ? parseQuantity(text, NONE) : scaled(parseQuantity(text, SECONDS), 1000), 'a time such as 5ms');
}

/** "12M" in multiply-accumulates. */
export function count(text: string): number {
  return positive(parseQuantity(text, COUNT_UNITS), 'a number such as 12M or 300K');
}

/** A number of at least 0. */
export function number(text: string): number {
  const value = parseQuantity(text, NONE);
  if (value !== undefined) return value;
  throw expected('a number of at least 0');
}

/** A part of a whole, from 0 to 1. */
export function part(text: string): number {
  const value = parseQuantity(text, NONE);
  if (value !== undefined && value <= 1) return value;
  throw expected('a part from 0 to 1, as 0.1 for a tenth; without one, other arguments stand before the option');
}

export function positiveNumber(text: string): number {
  return positive(parseQuantity(text, NONE), 'a number above 0');
}

export function positiveInteger(text: string): number {
  const value = positive(parseQuantity(text, NONE), 'a whole number of at least 1');
  if (Number.isSafeInteger(value)) return value;
  throw expected('a whole number of at least 1');
}

/** The number of a TCP port; 0 for any that is free. */
export function port(text: string): number {
  const value = parseQuantity(text, NONE);
  if (value !== undefined && Number.isInteger(value) && value < 2 ** 16) return value;
  throw expected('the number of a port, from 0 to 65535');
}

/** "1,2,4". */
export function positiveIntegers(text: string): number[] {
  return list(text).map(positiveInteger);
}

export function seed(text: string): number {
  const value = parseQuantity(text, NONE);
  if (value !== undefined && Number.isInteger(value) && value < 2 ** 32) return value;
  throw expected('a whole number from 0 to 4294967295');
}

/** "a,b , c" as ['a', 'b', 'c']. */
export function list(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** "N=8,length=128" as sizes by name. */
export function sizes(text: string): Record<string, number> {
  return Object.fromEntries(
    text.split(',').map((part) => {
      const [name, value] = part.split('=');
      if (!name || value === undefined) throw expected('NAME=NUMBER, as in N=8,length=128');
      return [name.trim(), positiveInteger(value)];
    }),
  );
}

/** "input=1x3x224x224;mask=1x8" as shapes by name. */
export function shapes(text: string): Record<string, number[]> {
  const given = text.split(';').map((part): [string, number[]] => {
    const at = part.lastIndexOf('=');
    const dims = part.slice(at + 1).trim();
    if (at < 1 || !/^(\d+(x\d+)*)?$/.test(dims)) throw expected('NAME=DIMxDIM, as in "input=1x3x224x224;mask=1x8"');
    const shape = dims === '' ? [] : dims.split('x').map(Number);
    if (!Number.isSafeInteger(shape.reduce((all, dim) => all * dim, 1))) throw expected('no more than 9007199254740991 elements');
    return [part.slice(0, at).trim(), shape];
  });
  if (new Set(given.map(([name]) => name)).size < given.length) throw expected('one shape for each input');
  return Object.fromEntries(given);
}

/** "mask=m.npy" added to what was given before; a file alone feeds the only input. */
export function inputFile(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name = '', file] = /^(?:([^=]+)=)?(.+\.(?:npy|npz|pb))$/is.exec(text) ?? [];
  if (file === undefined) throw expected('NAME=FILE with a .npy, .npz or .pb file, as in mask=mask.npy');
  return { ...before, [name]: file };
}

/** "backbone.*=0.1,head.*=2" as factors by name, in order. */
export function factors(text: string): { match: string; factor: number }[] {
  return list(text).map((part) => {
    const at = part.lastIndexOf('=');
    const factor = parseQuantity(part.slice(at + 1), NONE);
    if (at < 1 || factor === undefined || factor === 0) throw expected('NAME=FACTOR with factors above 0, as in "backbone.*=0.1,head.*=2"');
    return { match: part.slice(0, at).trim(), factor };
  });
}

function scaled(value: number | undefined, unit: number): number | undefined {
  return value === undefined || !Number.isFinite(value * unit) ? undefined : value * unit;
}

function positive(value: number | undefined, what: string): number {
  if (value !== undefined && value > 0) return value;
  throw expected(what);
}

function expected(what: string): InvalidArgumentError {
  return new InvalidArgumentError(`Expected ${what}.`);
}
