import { OptionError, type Random } from '../../base/index.js';
import { canonicalText, type Json } from '../json.js';
import type { Point, Value } from '../parameters.js';
import type { SearchSpace } from '../space.js';
import type { History } from '../trial.js';
import { parzenEstimator } from './parzen.js';
import type { Sampler } from './sampler.js';
import { type Split, splitHistory } from './split.js';

export interface TpeOptions {
  /** Points drawn at random before the first model; a positive integer. Default 10. */
  startupTrials?: number;
  /** The share of finished trials that count as good, in (0, 1). Default 0.15. */
  gamma?: number;
  /** The most trials that count as good; a positive integer. Default 25. */
  mostGood?: number;
  /** Candidates drawn for each parameter; a positive integer. Default 24. */
  candidates?: number;
}

const fullyWeighted = 25;

/**
 * Tree-structured Parzen estimator (Bergstra et al. 2011): for each parameter, one distribution l of the good trials' values and one g of the
 * others'; of several values drawn from l, the one with the largest l/g is proposed. Conditional parameters are modelled on the trials that
 * had them. Several objectives are split by non-domination rank and hypervolume (MOTPE, Ozaki et al. 2020), constraints by violation;
 * trials that are still running count as bad.
 * @throws OptionError for an option out of range.
 */
export function tpeSampler({ startupTrials = 10, gamma = 0.15, mostGood = 25, candidates = 24 }: TpeOptions = {}): Sampler {
  for (const [where, value] of Object.entries({ startupTrials, mostGood, candidates })) {
    if (!(Number.isInteger(value) && value >= 1))
      throw new OptionError({ what: 'Bad option', where, expected: 'a positive integer', got: String(value) });
  }
  if (!(gamma > 0 && gamma < 1))
    throw new OptionError({ what: 'Bad option', where: 'gamma', expected: 'a number in (0, 1)', got: String(gamma) });
  return {
    name: 'tpe',
    options: { startupTrials, gamma, mostGood, candidates },
    ask: (space, history, random) => {
      const finished = history.trials.filter((trial) => trial.state !== 'running').length;
      if (finished < startupTrials) return space.sampleUniform(random);
      const splitFor = splitsByCondition(space, history, (n) => Math.min(mostGood, Math.ceil(gamma * n)));
      return space.build((name) => propose(space, name, splitFor(name), candidates, random));
    },
  };
}

/**
 * A conditional parameter is judged among the trials that had it: so a branch that has not yet won is still improved each time it is visited,
 * and gets to show what it can do. Parameters under the same condition share a split.
 */
function splitsByCondition(space: SearchSpace, history: History, countOf: (n: number) => number): (name: string) => Split {
  const splits = new Map<string, Split>();
  return (name) => {
    const condition = canonicalText((space.parameter(name).when ?? {}) as Json);
    const known = splits.get(condition);
    if (known) return known;
    const trials = history.trials.filter((trial) => Object.hasOwn(trial.point, name));
    const split = splitHistory({ ...history, trials }, countOf);
    splits.set(condition, split);
    return split;
  };
}

function propose(space: SearchSpace, name: string, split: Split, candidates: number, random: Random): Value {
  const domain = space.domain(name);
  const valuesOf = (points: readonly Point[]): Value[] => points.map((point) => point[name]);
  const good = parzenEstimator(domain, valuesOf(split.better), split.weights);
  const bad = parzenEstimator(domain, valuesOf(split.worse), recency(split.worse.length));
  let best: Value | undefined;
  let bestScore = -Infinity;
  for (let i = 0; i < candidates; i++) {
    const value = good.sample(random);
    const score = good.logDensity(value) - bad.logDensity(value);
    if (best === undefined || score > bestScore) {
      best = value;
      bestScore = score;
    }
  }
  return best as Value;
}

/** Full weight for the latest trials, and less and less for older ones: regions left alone for long become worth another look. */
function recency(count: number): number[] {
  const older = Math.max(0, count - fullyWeighted);
  return Array.from({ length: count }, (_, i) => (i < older ? (i + 1) / (older + 1) : 1));
}
