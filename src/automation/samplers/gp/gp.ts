import { OptionError } from '../../../base/index.js';
import { front, hypervolumeSubset } from '../../../pareto/index.js';
import type { Point } from '../../parameters.js';
import type { SearchSpace } from '../../space.js';
import { quasiRandomSampler } from '../halton.js';
import { axesOf, rowOf } from '../rows.js';
import type { Sampler } from '../sampler.js';
import { triedIn } from '../tried.js';
import { freeBoxes } from './boxes.js';
import { type Data, dataOf } from './data.js';
import { fit } from './fit.js';
import { logExpectedHypervolumeImprovement, logExpectedImprovement } from './improvement.js';
import { maximize } from './maximize.js';
import { logMassBelow } from './normal.js';
import { GaussianProcess } from './regression.js';

export interface GpOptions {
  /** Points drawn quasi-randomly before the first model; a positive integer. Default 8. */
  startupTrials?: number;
  /** The most trials that the model is made of, for its time grows with their cube; an integer of at least 20. Default 200. */
  mostTrials?: number;
}

/** Of larger fronts, those with the largest joint hypervolume stand for all: with three objectives the boxes grow with the square of the front, and so on. */
const mostOnFront: readonly number[] = [1, 1, 60, 24];
const fewOnFront = 10;

/**
 * Bayesian optimization: a Gaussian process for each objective (Matérn 5/2, a length for each parameter, choices compared by Hamming distance),
 * and the point with the largest expected improvement, for several objectives of the hypervolume, in logarithms (Ament et al. 2023), times the
 * probability that every constraint holds. Trials that are still running count as if they had what the model expects; failed and stopped ones as the worst.
 * @throws OptionError for an option out of range.
 */
export function gpSampler({ startupTrials = 8, mostTrials = 200 }: GpOptions = {}): Sampler {
  for (const [where, value, least] of [
    ['startupTrials', startupTrials, 1],
    ['mostTrials', mostTrials, 20],
  ] as const) {
    if (!(Number.isInteger(value) && value >= least))
      throw new OptionError({ what: 'Bad option', where, expected: `an integer of at least ${least}`, got: String(value) });
  }
  const startup = quasiRandomSampler();
  return {
    name: 'gp',
    takesPrior: true,
    options: { startupTrials, mostTrials },
    ask: (space, history, random) => {
      const data = dataOf(history, mostTrials);
      if (data.points.length < startupTrials) return startup.ask(space, history, random);
      const { scoreOf, best } = acquisition(space, data);
      return space.check(maximize(space, scoreOf, best, triedIn(space, history), random));
    },
  };
}

/** What a point promises, and the points that are the best so far. */
function acquisition(space: SearchSpace, data: Data): { scoreOf: (row: Float64Array) => number; best: Point[] } {
  const axes = axesOf(space);
  const rows = data.points.map((point) => rowOf(space, point));
  const pending = data.pending.map((point) => rowOf(space, point));
  const modelOf = (values: Float64Array): { model: GaussianProcess; believed: number[] } => {
    const found = fit(axes, rows, values);
    const first = new GaussianProcess(axes, rows, values, found);
    const believed = pending.map((row) => first.at(row).mean);
    const model = pending.length > 0 ? new GaussianProcess(axes, [...rows, ...pending], [...values, ...believed], found) : first;
    return { model, believed };
  };
  const objectives = data.costs.map(modelOf);
  const limits = data.limits.map(({ values, most }) => ({ ...modelOf(values), most }));
  const isFeasible = (row: Float64Array): number => {
    let sum = 0;
    for (const { model, most } of limits) {
      const { mean, deviation } = model.at(row);
      sum += logMassBelow((most - mean) / deviation);
    }
    return sum;
  };
  const feasible = data.points.map((_, i) => i).filter((i) => data.isFeasible[i]);
  const directions = data.costs.map(() => 'minimize' as const);
  const costsAt = (i: number): number[] => data.costs.map((costs) => costs[i]);
  const leading = front(feasible, costsAt, directions, { duplicates: 'first' });
  if (leading.length === 0) return { scoreOf: isFeasible, best: [] };
  const costs = [...leading.map(costsAt), ...pending.map((_, p) => objectives.map(({ believed }) => believed[p]))];
  const best = leading.slice(0, 20).map((i) => data.points[i]);
  if (objectives.length === 1) {
    const target = Math.min(...costs.map(([cost]) => cost));
    return { scoreOf: (row) => logExpectedImprovement(objectives[0].model.at(row), target) + isFeasible(row), best };
  }
  const corner = data.costs.map((all) => all.reduce((worst, cost) => Math.max(worst, cost)) + 0.1);
  const nondominated = front(costs, (cost) => cost, directions, { duplicates: 'first' });
  const most = Math.min(nondominated.length, mostOnFront[objectives.length] ?? fewOnFront);
  const chosen = hypervolumeSubset(nondominated, most, corner, directions).map((i) => nondominated[i]);
  const boxes = freeBoxes(chosen, corner);
  const scoreOf = (row: Float64Array): number => {
    const believed = objectives.map(({ model }) => model.at(row));
    return logExpectedHypervolumeImprovement(believed, boxes) + isFeasible(row);
  };
  return { scoreOf, best };
}
