import { OptionError } from '../../base/index.js';
import type { Direction } from '../../pareto/index.js';
import type { Report } from '../trial.js';

/** A report's value as a cost: less is better, and NaN is worst. */
export function costOf(value: number, direction: Direction): number {
  if (Number.isNaN(value)) return Infinity;
  return direction === 'minimize' ? value : -value;
}

export function lowestCost(reports: readonly Report[], direction: Direction): number {
  return reports.reduce((lowest, { value }) => Math.min(lowest, costOf(value, direction)), Infinity);
}

/** @throws OptionError naming the option unless the value is at least `least`. */
export function checkNumber(where: string, value: number, least: number, kind: 'an integer' | 'a number' = 'an integer'): void {
  const isRight = kind === 'an integer' ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (!isRight || value < least) {
    throw new OptionError({ what: 'Bad option', where, expected: `${kind} of at least ${least}`, got: String(value) });
  }
}
