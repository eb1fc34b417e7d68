import { OptionError, type Random } from '../../../base/index.js';
import { Domain } from '../../domain.js';
import type { Point } from '../../parameters.js';
import type { SearchSpace } from '../../space.js';
import { quasiRandomSampler } from '../halton.js';
import type { Sampler } from '../sampler.js';
import { otherValue } from '../vary.js';
import { type Member, moreRoom, populationOf } from './survival.js';
import { crossed, mutated } from './variation.js';

export interface Nsga2Options {
  /** Of a generation, and of the population that survives it; an integer of at least 2. Default 20. */
  populationSize?: number;
}

/** As Deb et al. (2002) have them in their experiments. */
const CROSSOVER = { probability: 0.9, index: 20 };
const MUTATION = { index: 20 };

/**
 * NSGA-II (Deb et al. 2002): each generation is bred from the best of the one before by non-domination rank and crowding, constraints by Deb's rules. Numbers are crossed by SBX and
 * mutated by polynomials, choices are taken from either parent and mutated to any other; what a condition makes active comes from the parent that has it, or at random. Generations
 * follow from the trials' numbers, the first is quasi-random; trials that failed, were stopped or still run are parents of nobody.
 * @throws OptionError for an option out of range.
 */
export function nsga2Sampler({ populationSize = 20 }: Nsga2Options = {}): Sampler {
  if (!(Number.isInteger(populationSize) && populationSize >= 2)) {
    const expected = 'an integer of at least 2';
    throw new OptionError({ what: 'Bad option', where: 'populationSize', expected, got: String(populationSize) });
  }
  const startup = quasiRandomSampler();
  return {
    name: 'nsga2',
    options: { populationSize },
    ask: (space, history, random) => {
      const { trials, directions } = history;
      const born = Math.floor(trials.length / populationSize) * populationSize;
      const population = populationOf(trials.slice(0, born), populationSize, directions);
      if (population.length < 2) return startup.ask(space, history, random);
      return mutant(space, child(space, tournament(population, random), tournament(population, random), random), random);
    },
  };
}

/** The better of two drawn at random. */
function tournament(population: readonly Member[], random: Random): Point {
  const [a, b] = [random.pick(population), random.pick(population)];
  const better = a.rank - b.rank || moreRoom(a, b);
  return (better <= 0 ? a : b).trial.point;
}

function child(space: SearchSpace, first: Point, second: Point, random: Random): Point {
  if (random.uniform() >= CROSSOVER.probability) return first;
  return space.build((name) => {
    const parents = [first, second].filter((parent) => Object.hasOwn(parent, name));
    if (parents.length === 0) return space.sampleValue(name, random);
    const domain = space.domain(name);
    if (parents.length === 1 || !(domain instanceof Domain)) return random.pick(parents)[name];
    // Every other value is inherited as it is.
    if (random.uniform() < 0.5) return first[name];
    const [a, b] = parents.map((parent) => domain.toUnit(parent[name] as number));
    return domain.fromUnit(crossed(a, b, CROSSOVER.index, random));
  });
}

/** Every value is mutated once in as many times as there are values. */
function mutant(space: SearchSpace, point: Point, random: Random): Point {
  const probability = 1 / Object.keys(point).length;
  return space.build((name) => {
    if (!Object.hasOwn(point, name)) return space.sampleValue(name, random);
    return random.uniform() < probability
      ? otherValue(space, name, point[name], (unit) => mutated(unit, MUTATION.index, random) - unit, random)
      : point[name];
  });
}
