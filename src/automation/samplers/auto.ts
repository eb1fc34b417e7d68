import type { SearchSpace } from '../space.js';
import { gpSampler } from './gp/gp.js';
import { axesOf } from './rows.js';
import type { Sampler } from './sampler.js';
import { tpeSampler } from './tpe/tpe.js';

/** So many trials are learned from by the Gaussian process, where it learns more from each than TPE does; with more it takes longer and longer. */
const forProcess = 100;

/** The most parameters of which so few trials tell a Gaussian process anything. */
const mostParameters = 20;

/**
 * The Gaussian process for the first hundred trials of a space of at most 20 parameters, more than half of them numbers, and TPE otherwise: as docs/search.md has it, where
 * each of the two is the better.
 */
export function autoSampler(): Sampler {
  const [gp, tpe] = [gpSampler(), tpeSampler()];
  return {
    name: 'auto',
    takesPrior: true,
    options: { gp: gp.options, tpe: tpe.options, forProcess, mostParameters },
    ask: (space, history, random) => {
      const sampler = history.trials.length < forProcess && isMostlyNumbers(space) ? gp : tpe;
      return sampler.ask(space, history, random);
    },
  };
}

function isMostlyNumbers(space: SearchSpace): boolean {
  const axes = axesOf(space);
  const numbers = axes.filter(({ choices }) => choices === undefined).length;
  return axes.length <= mostParameters && numbers > axes.length / 2;
}
