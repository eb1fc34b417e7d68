import { mean } from '../../base/index.js';
import type { History, Report } from '../trial.js';
import { checkNumber, costOf, lowestCost } from './compare.js';
import { areVectors, placesOf, type Reported } from './places.js';
import type { Stopper } from './stopper.js';

export interface MedianOptions {
  /** No trial is stopped before this many have finished; at least 1. Default 4. */
  startupTrials?: number;
  /** No trial is stopped before this step; at least 0. Default 0. */
  warmupSteps?: number;
}

/**
 * The median rule (Golovin et al. 2017, Vizier): stops a trial whose best report so far is worse than the median, over the finished trials of
 * earlier waves, of the mean of their reports up to this step. Of vectors, means are taken number by number, and a trial is worse than the median where more than half
 * of the others stand before it (see `placesOf`).
 * @throws OptionError for an option out of range.
 */
export function medianStopper({ startupTrials = 4, warmupSteps = 0 }: MedianOptions = {}): Stopper {
  checkNumber('startupTrials', startupTrials, 1);
  checkNumber('warmupSteps', warmupSteps, 0, 'a number');
  return {
    name: 'median',
    options: { startupTrials, warmupSteps },
    shouldStop: (trial, step, _value, history) => {
      if (step < warmupSteps) return false;
      const others = history.trials.flatMap(({ state, reports }) => {
        const earlier = reports.filter((report) => report.step <= step);
        return state === 'completed' && earlier.length > 0 ? [earlier] : [];
      });
      if (others.length < startupTrials) return false;
      return areVectors(trial.reports) ? isBehind(trial.reports, others, history) : isWorse(trial.reports, others, history);
    },
  };
}

/** Whether the best of a trial's numbers is worse than the median of the others' means. */
function isWorse(own: readonly Report[], others: readonly (readonly Report[])[], { reportDirection }: History): boolean {
  return (
    lowestCost(own, reportDirection) > medianOf(others.map((reports) => mean(reports.map(({ value }) => costOf(value, reportDirection)))))
  );
}

/** Whether more than half of the others' mean vectors stand before the best of a trial's vectors. */
function isBehind(own: readonly Report[], others: readonly (readonly Report[])[], history: History): boolean {
  const standing = placesOf(own, history);
  const best = own[standing.indexOf(Math.min(...standing))];
  const [place, ...places] = placesOf([best, ...others.map(meanOf)], history);
  return places.filter((other) => other < place).length > others.length / 2;
}

/** What was not finite once has no mean. That of equal numbers is the number itself, without rounding: what is as good is not behind. */
function meanOf(reports: readonly Report[]): Reported {
  const [first] = reports;
  if (!first.values || reports.some(({ values }) => values === undefined)) return { value: Number.NaN };
  const values = first.values.map((value, i) => value + mean(reports.map((report) => (report.values as readonly number[])[i] - value)));
  const violations = first.violations?.map((_, i) => mean(reports.map((report) => report.violations?.[i] ?? 0)));
  return { value: values[0], values, ...(violations && { violations }) };
}

function medianOf(values: number[]): number {
  const sorted = values.sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1 || sorted[middle] === sorted[middle - 1]) return sorted[middle];
  return (sorted[middle - 1] + sorted[middle]) / 2;
}
