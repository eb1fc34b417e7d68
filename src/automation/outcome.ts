import { DataError, OptionError } from '../base/index.js';
import type { Outcome, Report } from './trial.js';

/**
 * An objective's outcome as lists of finite numbers.
 * @throws DataError when it is anything else, or has not one value per direction.
 */
export function readOutcome(outcome: Outcome, objectives: number): { values: number[]; violations?: number[] } {
  const isPlain = typeof outcome === 'number' || Array.isArray(outcome);
  const { values, violations } = isPlain
    ? { values: outcome as number | readonly number[] }
    : ({ ...(outcome as Exclude<Outcome, number>) } as {
        values: number | readonly number[];
        violations?: readonly number[];
      });
  const list = finiteList(typeof values === 'number' ? [values] : values, 'values');
  if (list.length !== objectives) {
    throw new DataError({
      what: 'The objective must give one value per direction',
      expected: String(objectives),
      got: String(list.length),
    });
  }
  return violations === undefined ? { values: list } : { values: list, violations: finiteList(violations, 'violations') };
}

function finiteList(list: unknown, where: string): number[] {
  if (Array.isArray(list) && list.every((value) => typeof value === 'number' && Number.isFinite(value))) return [...list];
  const got = Array.isArray(list) ? `[${list.map(String).join(', ')}]` : String(list);
  throw new DataError({ what: 'The objective gave something that cannot be compared', where, expected: 'finite numbers', got });
}

/**
 * A measurement on the way as it is written down: one number as it is, of several the first, and all of them where they are finite.
 * @throws OptionError when it is anything else, or has not one value per direction.
 */
export function readReport(outcome: Outcome, objectives: number, where: string): Omit<Report, 'step'> {
  if (typeof outcome === 'number') return { value: outcome };
  const isBare = Array.isArray(outcome) || typeof outcome !== 'object' || outcome === null;
  const { values, violations } = (isBare ? { values: outcome } : outcome) as Exclude<Outcome, number | readonly number[]>;
  const list = typeof values === 'number' ? [values] : values;
  if (!areNumbers(list) || list.length !== objectives || (violations !== undefined && !areNumbers(violations))) {
    const got = JSON.stringify(outcome) ?? String(outcome);
    throw new OptionError({ what: 'A report must be a number', where, expected: `a number, or one per direction: ${objectives}`, got });
  }
  if (![...list, ...(violations ?? [])].every(Number.isFinite)) return { value: Number.NaN };
  return { value: list[0], values: [...list], ...(violations && { violations: [...violations] }) };
}

function areNumbers(list: unknown): list is readonly number[] {
  return Array.isArray(list) && list.every((value) => typeof value === 'number');
}
