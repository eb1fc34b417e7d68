import { nonDominatedRanks } from '../../../pareto/index.js';
import type { Point } from '../../parameters.js';
import { type History, type TrialRecord, totalViolation } from '../../trial.js';

/** What the models are made of: numbers of mean 0 and deviation 1, less being better. */
export interface Data {
  readonly points: readonly Point[];
  /** For each objective. */
  readonly costs: readonly Float64Array[];
  /** For each constraint by how much it is violated, and the most that is no violation. */
  readonly limits: readonly { readonly values: Float64Array; readonly most: number }[];
  readonly isFeasible: readonly boolean[];
  readonly pending: readonly Point[];
}

/** @param most of the finished trials that are taken, half of them the best by rank and the others the latest; a tenth as many lost ones come to them. */
export function dataOf(history: History, most: number): Data {
  const { directions } = history;
  const told = chosenOf(
    history.trials.filter((trial) => trial.state === 'completed'),
    history,
    most,
  );
  const lost = history.trials.filter(({ state }) => state === 'failed' || state === 'stopped').slice(-Math.ceil(most / 10));
  const costs = directions.map((direction, m) => told.map(({ values }) => (direction === 'minimize' ? values![m] : -values![m])));
  const constraints = told.reduce((count, { violations = [] }) => Math.max(count, violations.length), 0);
  const violationsOf = (c: number): number[] => told.map(({ violations }) => violations?.[c] ?? 0);
  return {
    points: [...told, ...lost].map(({ point }) => point),
    costs: costs.map((own) => standardized([...own, ...lost.map(() => Math.max(...own))]).values),
    limits: Array.from({ length: constraints }, (_, c) => {
      const own = violationsOf(c);
      const { values, zero } = standardized([...own, ...lost.map(() => Math.max(...own))]);
      return { values, most: zero };
    }),
    isFeasible: [...told.map((trial) => totalViolation(trial) === 0), ...lost.map(() => false)],
    pending: history.trials.filter(({ state }) => state === 'running').map(({ point }) => point),
  };
}

function chosenOf(trials: readonly TrialRecord[], { directions }: History, most: number): readonly TrialRecord[] {
  if (trials.length <= most) return trials;
  const ranks = nonDominatedRanks(
    trials.map(({ values }) => values!),
    directions,
  );
  const byRank = trials.map((_, i) => i).sort((a, b) => ranks[a] - ranks[b] || b - a);
  const best = new Set(byRank.slice(0, Math.floor(most / 2)));
  const others = trials.map((_, i) => i).filter((i) => !best.has(i));
  const chosen = new Set([...best, ...others.slice(best.size - most)]);
  return trials.filter((_, i) => chosen.has(i));
}

/** Values with mean 0 and deviation 1, and what zero became. */
function standardized(values: readonly number[]): { values: Float64Array; zero: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) || 1;
  return { values: Float64Array.from(values, (value) => (value - mean) / deviation), zero: -mean / deviation };
}
