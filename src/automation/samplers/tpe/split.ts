import { type Direction, front, hypervolumeContributions, hypervolumeSubset, type Objectives } from '../../../pareto/index.js';
import type { Point } from '../../parameters.js';
import { type History, type TrialRecord, totalViolation } from '../../trial.js';

/** The history in two: the points to be like and the points to be unlike. */
export interface Split {
  better: Point[];
  /** How much each of the better points counts; the largest is 1. */
  weights: number[];
  worse: Point[];
}

/** Up to this many objectives, points of one rank are told apart by exact hypervolume; beyond, it would take too long, and order decides. */
const mostForHypervolume = 4;

/**
 * Splits by rank: feasible trials by their objectives, then stopped ones (those that got furthest first), then infeasible ones by how much they
 * violate. Failed trials and those still running are always among the worse: the former are known to be bad, and the latter are
 * held to be (the "constant liar"), so that trials that run side by side spread out.
 * @param countOf how many of n finished trials are better.
 */
export function splitHistory(history: History, countOf: (n: number) => number): Split {
  const told = history.trials.filter((trial) => trial.state === 'completed');
  const feasible = told.filter((trial) => totalViolation(trial) === 0);
  const infeasible = told
    .filter((trial) => totalViolation(trial) > 0)
    .sort((a, b) => totalViolation(a) - totalViolation(b) || a.number - b.number);
  const stopped = history.trials.filter((trial) => trial.state === 'stopped' && trial.reports.length > 0).sort(byProgress(history));
  const count = countOf(told.length + stopped.length);
  const best = bestOf(feasible, Math.min(count, feasible.length), history.directions);
  const fill = [...stopped, ...infeasible].slice(0, count - best.length);
  const better = new Set([...best, ...fill]);
  return {
    better: [...better].map((trial) => trial.point),
    weights: [...weightsOf(best, history.directions), ...fill.map(() => 1)],
    worse: history.trials.filter((trial) => !better.has(trial)).map((trial) => trial.point),
  };
}

/** Those that got furthest first; of equals the one with the better last report. */
function byProgress({ reportDirection }: History): (a: TrialRecord, b: TrialRecord) => number {
  const sign = reportDirection === 'minimize' ? 1 : -1;
  const costOf = (value: number): number => (Number.isNaN(value) ? Infinity : sign * value);
  return (a, b) => {
    const left = a.reports[a.reports.length - 1];
    const right = b.reports[b.reports.length - 1];
    const [x, y] = [costOf(left.value), costOf(right.value)];
    return right.step - left.step || (x < y ? -1 : x > y ? 1 : a.number - b.number);
  };
}

/** The best by non-domination rank; of the last rank that fits in part, those of the largest joint hypervolume (Ozaki et al. 2020). */
function bestOf(trials: readonly TrialRecord[], count: number, directions: readonly Direction[]): TrialRecord[] {
  if (directions.length === 1) return lowest(trials, count, directions[0]);
  const best: TrialRecord[] = [];
  let rest = trials;
  while (best.length < count) {
    const tied = new Set(front(rest, objectivesOf, directions));
    const room = count - best.length;
    best.push(...(tied.size <= room ? tied : mostDiverse([...tied], room, directions)));
    rest = rest.filter((trial) => !tied.has(trial));
  }
  return best;
}

/** The best by one objective, of equals the first. */
function lowest(trials: readonly TrialRecord[], count: number, direction: Direction): TrialRecord[] {
  const sign = direction === 'minimize' ? 1 : -1;
  const costs = new Float64Array(trials.length);
  for (let i = 0; i < trials.length; i++) costs[i] = sign * trials[i].values![0];
  const last = costs.slice().sort()[count - 1];
  const below = trials.filter((_, i) => costs[i] < last);
  return [...below, ...trials.filter((_, i) => costs[i] === last).slice(0, count - below.length)];
}

function mostDiverse(trials: readonly TrialRecord[], count: number, directions: readonly Direction[]): TrialRecord[] {
  if (directions.length === 1 || directions.length > mostForHypervolume) return trials.slice(0, count);
  const points = trials.map(objectivesOf);
  return hypervolumeSubset(points, count, cornerBeyond(points, directions), directions).map((i) => trials[i]);
}

/** With several objectives, each better point weighs as much as the hypervolume that only it adds. */
function weightsOf(trials: readonly TrialRecord[], directions: readonly Direction[]): number[] {
  if (directions.length === 1 || directions.length > mostForHypervolume || trials.length < 2) return trials.map(() => 1);
  const points = trials.map(objectivesOf);
  const volumes = hypervolumeContributions(points, cornerBeyond(points, directions), directions);
  const largest = volumes.reduce((most, volume) => Math.max(most, volume), 0);
  return Array.from(volumes, (volume) => (largest > 0 ? Math.max(volume / largest, 1e-3) : 1));
}

/** A reference a tenth of the range beyond the worst value of each objective, so that the extremes count too. */
function cornerBeyond(points: readonly Objectives[], directions: readonly Direction[]): number[] {
  return directions.map((direction, m) => {
    const values = points.map((point) => point[m]);
    const low = values.reduce((a, b) => Math.min(a, b));
    const high = values.reduce((a, b) => Math.max(a, b));
    const margin = 0.1 * (high - low) || Math.max(1e-12, 1e-12 * Math.abs(high));
    return direction === 'minimize' ? high + margin : low - margin;
  });
}

function objectivesOf(trial: TrialRecord): Objectives {
  return trial.values!;
}
