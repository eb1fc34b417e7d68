import { OptionError, type Random } from '../../base/index.js';
import type { Point, Value } from '../parameters.js';
import type { SearchSpace } from '../space.js';
import { type ParzenEstimator, parzenEstimator } from './parzen.js';
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

/**
 * Tree-structured Parzen estimator (Bergstra et al. 2011): for each parameter, one distribution l of the good trials' values and one g of the
 * others'; of several values drawn from l, the one with the largest l/g is proposed. Conditional parameters are modelled on the trials that
 * had them. Several objectives are split by non-domination rank and hypervolume (MOTPE, Ozaki et al. 2020), constraints by violation;
 * trials that are still running count as bad.
 * @throws OptionError for an option out of range.
 */
export function tpeSampler({ startupTrials = 10, gamma = 0.15, mostGood = 25, candidates = 24 }: TpeOptions = {}): Sampler {
  for (const [where, value] of Object.entries({ startupTrials, mostGood, candidates })) {
    if (!(Number.isInteger(value) && value >= 1)) throw new OptionError({ what: 'Bad option', where, expected: 'a positive integer', got: String(value) });
  }
  if (!(gamma > 0 && gamma < 1)) throw new OptionError({ what: 'Bad option', where: 'gamma', expected: 'a number in (0, 1)', got: String(gamma) });
  return {
    name: 'tpe',
    options: { startupTrials, gamma, mostGood, candidates },
    ask: (space, history, random) => {
      const finished = history.trials.filter((trial) => trial.state !== 'asked').length;
      if (finished < startupTrials) return space.sampleUniform(random);
      const split = splitHistory(history, (n) => Math.min(mostGood, Math.ceil(gamma * n)));
      return space.build((name) => propose(space, name, split, candidates, random));
    },
  };
}

function propose(space: SearchSpace, name: string, split: Split, candidates: number, random: Random): Value {
  const good = estimate(space, name, split.better, split.weights);
  const bad = estimate(
    space,
    name,
    split.worse,
    split.worse.map(() => 1),
  );
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

function estimate(space: SearchSpace, name: string, points: readonly Point[], weights: readonly number[]): ParzenEstimator {
  const having = points.flatMap((point, i) => (Object.hasOwn(point, name) ? [i] : []));
  return parzenEstimator(
    space.domain(name),
    having.map((i) => points[i][name]),
    having.map((i) => weights[i]),
  );
}
