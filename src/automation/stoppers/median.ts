import { checkNumber, costOf, lowestCost } from './compare.js';
import type { Stopper } from './stopper.js';

export interface MedianOptions {
  /** No trial is stopped before this many have finished; at least 1. Default 4. */
  startupTrials?: number;
  /** No trial is stopped before this step; at least 0. Default 0. */
  warmupSteps?: number;
}

/**
 * The median rule (Golovin et al. 2017, Vizier): stops a trial whose best report so far is worse than the median, over the finished trials of
 * earlier waves, of the mean of their reports up to this step.
 * @throws OptionError for an option out of range.
 */
export function medianStopper({ startupTrials = 4, warmupSteps = 0 }: MedianOptions = {}): Stopper {
  checkNumber('startupTrials', startupTrials, 1);
  checkNumber('warmupSteps', warmupSteps, 0, 'a number');
  return {
    name: 'median',
    options: { startupTrials, warmupSteps },
    shouldStop: (trial, step, _value, { trials, reportDirection }) => {
      if (step < warmupSteps) return false;
      const means = trials.flatMap(({ state, reports }) => {
        const costs = reports.filter((report) => report.step <= step).map(({ value }) => costOf(value, reportDirection));
        return state === 'completed' && costs.length > 0 ? [costs.reduce((sum, cost) => sum + cost, 0) / costs.length] : [];
      });
      return means.length >= startupTrials && lowestCost(trial.reports, reportDirection) > medianOf(means);
    },
  };
}

function medianOf(values: number[]): number {
  const sorted = values.sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1 || sorted[middle] === sorted[middle - 1]) return sorted[middle];
  return (sorted[middle - 1] + sorted[middle]) / 2;
}
