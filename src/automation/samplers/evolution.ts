import { OptionError, type Random } from '../../base/index.js';
import type { Point } from '../parameters.js';
import type { SearchSpace } from '../space.js';
import type { History } from '../trial.js';
import { quasiRandomSampler } from './halton.js';
import { sorted } from './nsga2/survival.js';
import type { Sampler } from './sampler.js';
import { triedIn } from './tried.js';
import { varied } from './vary.js';

export interface EvolutionOptions {
  /** So many of the latest completed trials live; an integer of at least 2. Default 20. */
  populationSize?: number;
  /** So many of them, drawn with replacement, compete to be the parent; an integer of at least 1. Default 10. */
  sampleSize?: number;
}

/** Deviation of a number's mutation, on its unit scale. */
const REACH = 0.15;
/** A child that was tried is mutated on, up to so many times. */
const MUTATIONS = 16;

/**
 * Regularized evolution (Real et al. 2019, "Regularized Evolution for Image Classifier Architecture Search", AAAI, arXiv 1802.01548): of the latest trials a few are drawn, the best of
 * them has a child that differs in one parameter, and the oldest dies, however good it is: what was lucky once does not stay. The first population is quasi-random. Trials that
 * keep their constraints are better than those that do not, of which the less violating is better; of several objectives, non-domination rank counts, then crowding, as in NSGA-II.
 * Trials that failed, were stopped or still run have no children.
 * @throws OptionError for an option out of range.
 */
export function evolutionSampler({ populationSize = 20, sampleSize = 10 }: EvolutionOptions = {}): Sampler {
  for (const [where, value, least] of [['populationSize', populationSize, 2] as const, ['sampleSize', sampleSize, 1] as const]) {
    if (Number.isInteger(value) && value >= least) continue;
    throw new OptionError({ what: 'Bad option', where, expected: `an integer of at least ${least}`, got: String(value) });
  }
  const startup = quasiRandomSampler();
  return {
    name: 'evolution',
    options: { populationSize, sampleSize },
    ask: (space, history, random) => {
      const completed = history.trials.filter(({ state }) => state === 'completed');
      if (history.trials.length < populationSize || completed.length < 2) return startup.ask(space, history, random);
      const population = sorted(completed.slice(-populationSize), history.directions);
      const ranks = Array.from({ length: sampleSize }, () => random.integer(population.length));
      const parent = population[Math.min(...ranks)].trial.point;
      return child(space, history, parent, random);
    },
  };
}

function child(space: SearchSpace, history: History, parent: Point, random: Random): Point {
  const isTried = triedIn(space, history);
  let point = parent;
  for (let mutation = 0; mutation < MUTATIONS; mutation++) {
    const name = random.pick(Object.keys(point));
    point = varied(space, point, new Set([name]), REACH, random);
    if (!isTried(point)) break;
  }
  return point;
}
