import { OptionError, Random } from '../../base/index.js';
import type { Point } from '../parameters.js';
import type { SearchSpace } from '../space.js';
import type { Sampler } from './sampler.js';

export interface GridOptions {
  /** The number of values of each continuous parameter, evenly spaced on its scale, ends included. A positive integer; default 5. */
  resolution?: number;
}

const mostPoints = 1_000_000;

/**
 * Every point of a grid once, in an order shuffled by the study's seed (so that a search cut short has looked everywhere), then none.
 * @throws OptionError for a bad resolution, and when asked of a space whose grid has more than a million points.
 */
export function gridSampler({ resolution = 5 }: GridOptions = {}): Sampler {
  if (!Number.isInteger(resolution) || resolution < 1) {
    throw new OptionError({ what: 'Bad resolution', where: 'resolution', expected: 'a positive integer', got: String(resolution) });
  }
  // A grid is the same at every call; it is kept only to save the time of listing it again.
  let last: { space: SearchSpace; seed: number; points: Point[] } | undefined;
  const gridOf = (space: SearchSpace, seed: number): Point[] => {
    if (last?.space !== space || last.seed !== seed) last = { space, seed, points: shuffledGrid(space, resolution, seed) };
    return last.points;
  };
  return {
    name: 'grid',
    options: { resolution },
    ask: (space, history) => gridOf(space, history.seed)[history.trials.length],
  };
}

function shuffledGrid(space: SearchSpace, resolution: number, seed: number): Point[] {
  const size = space.gridSize(resolution);
  if (size > mostPoints) {
    throw new OptionError({
      what: 'The grid is too large',
      where: 'space',
      expected: `at most ${mostPoints} points`,
      got: String(size),
      fix: 'Lower the resolution, give continuous parameters a step, or use another sampler.',
    });
  }
  return new Random(seed).fork('grid').shuffle([...space.grid(resolution)]);
}
