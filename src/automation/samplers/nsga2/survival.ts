import { crowdingDistances, type Direction, fronts, type Objectives } from '../../../pareto/index.js';
import { type TrialRecord, totalViolation } from '../../trial.js';

/** One of a population, and what it is compared by. */
export interface Member {
  readonly trial: TrialRecord;
  /** Of its front; 0 is the best. */
  readonly rank: number;
  /** How much room it has in its front; of infeasible trials 0. */
  readonly crowding: number;
}

/**
 * Completed trials by constrained non-domination (Deb et al. 2002, section VI): feasible ones by their objectives, then infeasible ones, of which the less violating
 * dominates. Within a front those with more room come first.
 */
export function sorted(trials: readonly TrialRecord[], directions: readonly Direction[]): Member[] {
  const feasible = trials.filter((trial) => totalViolation(trial) === 0);
  const levels = new Map<number, TrialRecord[]>();
  for (const trial of trials) {
    const violation = totalViolation(trial);
    if (violation > 0) levels.set(violation, [...(levels.get(violation) ?? []), trial]);
  }
  const sortedFronts = fronts(feasible, objectivesOf, directions);
  const byViolation = [...levels].sort(([a], [b]) => a - b).map(([, level]) => level);
  return [
    ...sortedFronts.flatMap((tied, rank) => byRoom(tied, rank, directions)),
    ...byViolation.flatMap((level, i) => level.map((trial) => ({ trial, rank: sortedFronts.length + i, crowding: 0 }))),
  ];
}

/**
 * The population after all generations that the trials make: of the one before and each generation, the best survive.
 * @param size of a generation and of the population: trials are of one generation by their numbers.
 */
export function populationOf(trials: readonly TrialRecord[], size: number, directions: readonly Direction[]): Member[] {
  let population: Member[] = [];
  for (let start = 0; start < trials.length; start += size) {
    const born = trials.slice(start, start + size).filter(({ state }) => state === 'completed');
    population = sorted([...population.map(({ trial }) => trial), ...born], directions).slice(0, size);
  }
  return population;
}

function byRoom(tied: readonly TrialRecord[], rank: number, directions: readonly Direction[]): Member[] {
  const crowding = crowdingDistances(tied.map(objectivesOf), directions);
  return tied.map((trial, i) => ({ trial, rank, crowding: crowding[i] })).sort((a, b) => moreRoom(a, b) || a.trial.number - b.trial.number);
}

/** Orders by crowding, more room first. */
export function moreRoom(a: Member, b: Member): number {
  return a.crowding === b.crowding ? 0 : a.crowding > b.crowding ? -1 : 1;
}

function objectivesOf(trial: TrialRecord): Objectives {
  return trial.values!;
}
