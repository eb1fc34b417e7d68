import type { Random } from '../../base/index.js';
import type { Point } from '../parameters.js';
import type { SearchSpace } from '../space.js';
import type { History } from '../trial.js';
import type { Sampler } from './sampler.js';
import { keysOf } from './tried.js';

const retries = 8;
const mostListed = 100_000;

/**
 * The same sampler, but it never proposes a point that was asked before: it asks again a few times, then takes an unseen point at random. Ends the
 * search when every point of a finite space was asked. (In a finite space of over 100,000 points, unseen points are found by trial and error.)
 */
export function distinct(sampler: Sampler): Sampler {
  return {
    name: sampler.name,
    options: { ...sampler.options, distinct: true },
    ask: (space, history, random) => {
      const { trials } = history;
      if (trials.length >= space.size && keysOf(space, history).size >= space.size) return undefined;
      for (let attempt = 0; attempt < retries; attempt++) {
        const point = sampler.ask(space, history, attempt === 0 ? random : random.fork(`again ${attempt}`));
        if (point === undefined) return undefined;
        if (!keysOf(space, history).has(space.key(point))) return point;
      }
      return unseen(space, history, keysOf(space, history), random.fork('unseen'));
    },
  };
}

function unseen(space: SearchSpace, history: History, seen: ReadonlySet<string>, random: Random): Point | undefined {
  if (space.size <= mostListed) return random.pick([...space.grid()].filter((point) => !seen.has(space.key(point))));
  const draws = 100 + 10 * history.trials.length;
  for (let draw = 0; draw < draws; draw++) {
    const point = space.sampleUniform(random);
    if (!seen.has(space.key(point))) return point;
  }
  return undefined;
}
