import { OptionError, type Random } from '../../../base/index.js';
import type { Point, Value } from '../../parameters.js';
import type { SearchSpace } from '../../space.js';
import type { History } from '../../trial.js';
import { quasiRandomSampler } from '../halton.js';
import { rowOf } from '../rows.js';
import type { Sampler } from '../sampler.js';
import { triedIn } from '../tried.js';
import { groupsOf } from './groups.js';
import { type Frame, Mixture } from './mixture.js';
import { splitHistory } from './split.js';

export interface TpeOptions {
  /** Points drawn quasi-randomly before the first model; a positive integer. Default 5. */
  startupTrials?: number;
  /** The share of finished trials that count as good, in (0, 1). Default 0.1. */
  gamma?: number;
  /** The most trials that count as good; a positive integer. Default 25. */
  mostGood?: number;
  /** Candidates drawn for each group of parameters; a positive integer. Default 24. */
  candidates?: number;
}

/** So many of the latest bad trials have their full weight (as the good ones are at most, Bergstra et al. 2013). */
const fullyWeighted = 25;

/** Of more bad trials than this, evenly spaced ones make the model: it hardly changes, and a suggestion stays quick. */
const mostBad = 2000;

/**
 * Tree-structured Parzen estimator (Bergstra et al. 2011), multivariate (Falkner et al. 2018) and with the components that Watanabe (arXiv
 * 2304.11127) compares: one distribution l of the good trials' points and one g of the others'; of several points drawn from l, the one with
 * the largest l/g is proposed. Parameters that share a condition are modelled together, on the trials that had them. Several objectives are
 * split by non-domination rank and hypervolume (MOTPE, Ozaki et al. 2020), constraints by violation; trials that are still running count as bad.
 * @throws OptionError for an option out of range.
 */
export function tpeSampler({ startupTrials = 5, gamma = 0.1, mostGood = 25, candidates = 24 }: TpeOptions = {}): Sampler {
  for (const [where, value] of Object.entries({ startupTrials, mostGood, candidates })) {
    if (!(Number.isInteger(value) && value >= 1))
      throw new OptionError({ what: 'Bad option', where, expected: 'a positive integer', got: String(value) });
  }
  if (!(gamma > 0 && gamma < 1))
    throw new OptionError({ what: 'Bad option', where: 'gamma', expected: 'a number in (0, 1)', got: String(gamma) });
  const countOf = (n: number): number => Math.min(mostGood, Math.ceil(gamma * n));
  const startup = quasiRandomSampler();
  return {
    name: 'tpe',
    takesPrior: true,
    options: { startupTrials, gamma, mostGood, candidates, multivariate: true },
    ask: (space, history, random) => {
      const finished = history.trials.filter((trial) => trial.state !== 'running').length;
      if (finished < startupTrials) return startup.ask(space, history, random);
      const isTried = triedIn(space, history);
      let point: Point = {};
      for (const group of groupsOf(space)) {
        if (space.isActive(group.axes[0].name, point))
          point = bestOf(draw(space, group, history, countOf, candidates, random), point, isTried);
      }
      return space.check(point);
    },
  };
}

/**
 * Values for the parameters of a group, the most promising first. They are judged among the trials that had them: so a branch that has not yet
 * won is still improved each time it is visited, and gets to show what it can do.
 */
function draw(
  space: SearchSpace,
  group: Frame,
  history: History,
  countOf: (n: number) => number,
  candidates: number,
  random: Random,
): Point[] {
  const [{ name }] = group.axes;
  const isEverywhere = space.isActive(name, {});
  const trials = isEverywhere ? history.trials : history.trials.filter((trial) => Object.hasOwn(trial.point, name));
  const { better, weights, worse } = splitHistory({ ...history, trials }, countOf);
  const rowsOf = (points: readonly Point[]): Float64Array[] => points.map((point) => rowOf(space, point));
  const good = new Mixture(group, rowsOf(better), weights);
  const kept = thinned(worse);
  const bad = new Mixture(group, rowsOf(kept), recency(kept.length));
  return Array.from({ length: candidates }, () => {
    const drawn = good.sample(random);
    const values: Record<string, Value> = {};
    group.axes.forEach((axis, d) => {
      values[axis.name] = axis.decode(drawn[d]);
      drawn[d] = axis.encode(values[axis.name]);
    });
    return { values, score: good.logDensity(drawn) - bad.logDensity(drawn) };
  })
    .sort((a, b) => b.score - a.score)
    .map(({ values }) => values);
}

/** The first of the values that, with those chosen before, does not make a point that was tried already; or else the first. */
function bestOf(drawn: readonly Point[], chosen: Point, isTried: (point: Point) => boolean): Point {
  const points = drawn.map((values) => ({ ...chosen, ...values }));
  return points.find((point) => !isTried(point)) ?? points[0];
}

function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= mostBad) return points;
  return Array.from({ length: mostBad }, (_, i) => points[Math.floor(((i + 1) * points.length) / mostBad) - 1]);
}

/** Full weight for the latest trials, and less and less for older ones: regions left alone for long become worth another look. */
function recency(count: number): Float64Array {
  const older = Math.max(0, count - fullyWeighted);
  return Float64Array.from({ length: count }, (_, i) => (i < older ? (i + 1) / (older + 1) : 1));
}
