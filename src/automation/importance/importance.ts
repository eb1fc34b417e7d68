import { DataError, mean, OptionError, Random } from '../../base/index.js';
import type { StudyResults } from '../results.js';
import { axesOf, rowOf } from '../samplers/rows.js';
import { SearchSpace } from '../space.js';
import type { StudyHeader } from '../state.js';
import { type TrialRecord, totalViolation } from '../trial.js';
import { forest } from './forest.js';
import { marginalVariance } from './marginal.js';

export interface ImportanceOptions {
  /** The objective that is explained. Default 0, the first. */
  objective?: number;
}

const fewest = 10;
const trees = 32;
/** Trials that a tree is grown on, at most: with more it takes longer and says the same. */
const mostPerTree = 500;

/**
 * How much an objective changes with each parameter, averaged over all others, as shares that sum to one; functional ANOVA of a random forest (Hutter, Hoos and Leyton-Brown 2014): every
 * place of the space counts alike, wherever a sampler searched. Feasible finished trials count. A conditional parameter is judged among the trials that had it, and counts in their share.
 * @returns shares by parameter, the largest first; all 0 when nothing changes.
 * @throws DataError with fewer than 10 feasible finished trials; OptionError for an option out of range.
 */
export function parameterImportance(
  { header, directions, trials }: Pick<StudyResults, 'directions' | 'trials'> & { readonly header: Pick<StudyHeader, 'space'> },
  { objective = 0 }: ImportanceOptions = {},
): { [parameter: string]: number } {
  if (!Object.hasOwn(directions, objective)) {
    throw new OptionError({
      what: 'No such objective',
      where: 'objective',
      expected: `0 to ${directions.length - 1}`,
      got: String(objective),
    });
  }
  const finished = trials.filter((trial) => trial.state === 'completed' && totalViolation(trial) === 0);
  if (finished.length < fewest) {
    throw new DataError({
      what: 'Too few trials to tell which parameters matter',
      expected: `${fewest} feasible ones`,
      got: `${finished.length}`,
    });
  }
  const variances = new Map<string, number>();
  for (const { names, having } of groupsOf(header.space, finished)) {
    const share = having.length / finished.length;
    for (const [name, variance] of variancesOf(new SearchSpace(header.space), names, having, objective))
      variances.set(name, share * variance);
  }
  const total = [...variances.values()].reduce((sum, variance) => sum + variance, 0);
  const names = Object.keys(header.space).map((name): [string, number] => [name, total > 0 ? (variances.get(name) ?? 0) / total : 0]);
  return Object.fromEntries(names.sort((a, b) => b[1] - a[1]));
}

/** Parameters that the same trials had, with these; those that too few had are left out. */
function groupsOf(space: StudyHeader['space'], finished: readonly TrialRecord[]): { names: string[]; having: readonly TrialRecord[] }[] {
  const groups = new Map<string, { names: string[]; having: readonly TrialRecord[] }>();
  for (const name of Object.keys(space)) {
    const having = finished.filter(({ point }) => Object.hasOwn(point, name));
    if (having.length < fewest) continue;
    const key = having.map(({ number }) => number).join();
    const group = groups.get(key) ?? { names: [], having };
    group.names.push(name);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** By how much an objective varies with each of these parameters, by what trials say that all had them. */
function variancesOf(space: SearchSpace, names: readonly string[], having: readonly TrialRecord[], objective: number): [string, number][] {
  const whole = having.map(({ point }) => rowOf(space, point));
  // What some of them lack tells the others nothing.
  const columns = axesOf(space).flatMap((axis, column) => (whole.some((row) => Number.isNaN(row[column])) ? [] : [{ axis, column }]));
  const axes = columns.map(({ axis }) => axis);
  const rows = whole.map((row) => Float64Array.from(columns, ({ column }) => row[column]));
  const values = Float64Array.from(having, (trial) => trial.values?.[objective] as number);
  const grown = forest({ rows, values }, axes, new Random('importance'), { trees, most: mostPerTree });
  return names.map((name) => {
    const axis = axes.findIndex((each) => each.name === name);
    return [name, mean(grown.map((leaves) => marginalVariance(leaves, axes, axis)))];
  });
}
