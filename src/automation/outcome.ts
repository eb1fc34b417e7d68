import { DataError } from '../base/index.js';
import type { Outcome } from './trial.js';

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
