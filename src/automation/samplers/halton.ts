import { Random } from '../../base/index.js';
import { Domain } from '../domain.js';
import type { Sampler } from './sampler.js';

/**
 * Quasi-random search: the Halton sequence, one prime base per parameter, its digits permuted at random by the study's seed (Owen 2017), which
 * breaks the correlations of large bases. Covers the space more evenly than random search; best for up to some 20 parameters.
 */
export function quasiRandomSampler(): Sampler {
  return {
    name: 'quasi-random',
    options: {},
    ask: (space, history) => {
      const bases = primes(space.names.length);
      const scramble = new Random(history.seed).fork('halton');
      return space.build((name) => {
        const unit = scrambledHalton(history.trials.length, bases[space.names.indexOf(name)], scramble);
        const domain = space.domain(name);
        return domain instanceof Domain ? domain.fromUnit(unit) : domain.choices[Math.floor(unit * domain.choices.length)];
      });
    },
  };
}

/** The radical inverse of `index`, each digit permuted by a random permutation of its own (also the zeros that follow), in [0, 1). */
function scrambledHalton(index: number, base: number, scramble: Random): number {
  let rest = index;
  let unit = 0;
  for (let place = 0, weight = 1 / base; weight > 2 ** -40; place++, weight /= base) {
    const permutation = scramble.fork(`${base}/${place}`).permutation(base);
    unit += weight * permutation[rest % base];
    rest = Math.floor(rest / base);
  }
  return Math.min(unit, 1 - 2 ** -32);
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate++) {
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  }
  return found;
}
