import type { Point } from '../../parameters.js';
import { type History, type TrialRecord, totalViolation } from '../../trial.js';
import { bestOf, weightsOf } from './best.js';

/** The history in two: the points to be like and the points to be unlike. */
export interface Split {
  better: Point[];
  /** How much each of the better points counts; the largest is 1. */
  weights: number[];
  worse: Point[];
}

/**
 * Splits by rank: feasible trials by their objectives, then stopped ones (those that got furthest first), then infeasible ones by how much they
 * violate. Failed trials and those still running are always among the worse: the former are known to be bad, and the latter are
 * held to be (the "constant liar"), so that trials that run side by side spread out.
 * @param countOf how many of n finished trials are better.
 */
export function splitHistory(history: History, countOf: (n: number) => number): Split {
  const [feasible, infeasible, stopped]: TrialRecord[][] = [[], [], []];
  for (const trial of history.trials) {
    if (trial.state === 'completed') (totalViolation(trial) > 0 ? infeasible : feasible).push(trial);
    else if (trial.state === 'stopped' && trial.reports.length > 0) stopped.push(trial);
  }
  infeasible.sort((a, b) => totalViolation(a) - totalViolation(b) || a.number - b.number);
  stopped.sort(byProgress(history));
  const count = countOf(feasible.length + infeasible.length + stopped.length);
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
