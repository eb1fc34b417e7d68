import { parameterImportance, type TrialRecord } from '../../automation/index.js';
import type { Direction } from '../../pareto/index.js';
import { finite, isMoreBetter } from '../../report/info/index.js';
import type { LiveRun, LiveTrial, ObjectiveName } from '../../strategies/index.js';

/** What importance is computed from: small enough to be sent to a worker. */
export type ImportanceRequest = Pick<LiveRun, 'space' | 'objectives' | 'task'> & {
  readonly trials: readonly Pick<LiveTrial, 'number' | 'point' | 'state' | 'values'>[];
  readonly objective: number;
};

/** How many trials it needs. */
export const FEWEST_TRIALS = 10;

/**
 * Shares of the parameters in how much one objective changes over the space, the largest first.
 * @returns undefined with fewer than ten trials that ended with values, or without a space.
 */
export function importanceOf({ space, objectives = [], task, trials, objective }: ImportanceRequest): [string, number][] | undefined {
  const finished = trials.filter(({ state, values }) => state === 'completed' && values?.every((value) => finite(value) !== undefined));
  if (!space || finished.length < FEWEST_TRIALS) return undefined;
  const directions = directionsOf(objectives, task.metric);
  const records = finished.map(({ number, point, state, values }): TrialRecord => {
    return { number, point, state, values, seed: 0, reports: [], attributes: {} };
  });
  return Object.entries(parameterImportance({ directions, trials: records, header: { space } }, { objective }));
}

export function directionsOf(objectives: readonly ObjectiveName[], metric: string): Direction[] {
  return objectives.map((name) => (name === 'quality' && isMoreBetter(metric) ? 'maximize' : 'minimize'));
}
