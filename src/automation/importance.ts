import { DataError, OptionError } from '../base/index.js';
import type { Value } from './parameters.js';
import type { StudyResults } from './results.js';
import { SearchSpace } from './space.js';
import type { StudyHeader } from './state.js';
import { type TrialRecord, totalViolation } from './trial.js';

export interface ImportanceOptions {
  /** The objective that is explained. Default 0, the first. */
  objective?: number;
  /** The share of trials that counts as good, in (0, 1). Default 0.2. */
  quantile?: number;
}

const fewest = 10;
const mostBins = 8;

/**
 * How much each parameter had to do with a trial being among the best, as shares that sum to one; PED-ANOVA (Watanabe, Bansal and Hutter 2023):
 * the Pearson divergence of the parameter's distribution among the good trials from that among all, here over up to 8 bins of equal counts and
 * less what chance would give. Feasible finished trials count; a conditional parameter is judged among the trials that had it, and counts in
 * their share. It speaks of the region that was searched: what a sampler settled early no longer tells good trials from others.
 * @returns shares by parameter, the largest first; all 0 when nothing tells good trials from others.
 * @throws DataError with fewer than 10 feasible finished trials; OptionError for an option out of range.
 */
export function parameterImportance(
  { header, directions, trials }: Pick<StudyResults, 'directions' | 'trials'> & { readonly header: Pick<StudyHeader, 'space'> },
  { objective = 0, quantile = 0.2 }: ImportanceOptions = {},
): { [parameter: string]: number } {
  if (!Object.hasOwn(directions, objective)) {
    throw new OptionError({
      what: 'No such objective',
      where: 'objective',
      expected: `0 to ${directions.length - 1}`,
      got: String(objective),
    });
  }
  if (!(quantile > 0 && quantile < 1)) {
    throw new OptionError({ what: 'Bad option', where: 'quantile', expected: 'a number in (0, 1)', got: String(quantile) });
  }
  const sign = directions[objective] === 'minimize' ? 1 : -1;
  const finished = trials
    .filter((trial) => trial.state === 'completed' && totalViolation(trial) === 0)
    .sort((a, b) => sign * (a.values![objective] - b.values![objective]) || a.number - b.number);
  if (finished.length < fewest) {
    throw new DataError({
      what: 'Too few trials to tell which parameters matter',
      expected: `${fewest} feasible ones`,
      got: `${finished.length}`,
    });
  }
  const space = new SearchSpace(header.space);
  const divergences = space.names.map((name): [string, number] => [name, weightedDivergence(space, name, finished, objective, quantile)]);
  const total = divergences.reduce((sum, [, divergence]) => sum + divergence, 0);
  return Object.fromEntries(
    divergences.map(([name, divergence]): [string, number] => [name, total > 0 ? divergence / total : 0]).sort((a, b) => b[1] - a[1]),
  );
}

/** @param finished best first. */
function weightedDivergence(
  space: SearchSpace,
  name: string,
  finished: readonly TrialRecord[],
  objective: number,
  quantile: number,
): number {
  const having = finished.filter(({ point }) => Object.hasOwn(point, name));
  if (having.length < 2) return 0;
  const values = having.map(({ point }) => point[name]);
  const bins = space.parameter(name).type === 'categorical' ? values : byRank(values as number[]);
  // Those that equal the last good one are as good.
  const last = having[Math.ceil(quantile * having.length) - 1].values![objective];
  const good = having.findLastIndex((trial) => trial.values![objective] === last) + 1;
  return (excessDivergence(bins, good) * having.length) / finished.length;
}

/** The bin of each value; bins hold about equally many, and equal values share one. So it does not matter how unevenly a sampler searched. */
function byRank(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return values.map((value) => Math.floor((mostBins * sorted.indexOf(value)) / values.length));
}

/** Pearson's divergence of the first `good` labels from all, less what drawing so many of them by chance would give; at least 0. */
function excessDivergence(labels: readonly Value[], good: number): number {
  const all = labels.length;
  const distinct = new Set(labels);
  let divergence = 0;
  for (const label of distinct) {
    const share = labels.filter((other) => other === label).length / all;
    const goodShare = labels.slice(0, good).filter((other) => other === label).length / good;
    divergence += (goodShare - share) ** 2 / share;
  }
  const byChance = ((distinct.size - 1) / good) * ((all - good) / (all - 1));
  return Math.max(0, divergence - byChance);
}
