import type { Random } from '../../../base/index.js';
import type { Point } from '../../parameters.js';
import type { SearchSpace } from '../../space.js';
import { rowOf } from '../rows.js';
import { varied } from '../vary.js';

/** Points drawn uniformly. */
const DRAWN = 400;

/** Points tried near each that is known, as far from it on the unit scale. */
const NEAR = { tries: 6, reach: 0.1 };

/** So many of the best climb, by steps whose deviation shrinks from round to round: from 0.3 of the unit scale to 0.003. */
const CLIMB = { climbers: 8, rounds: 12, tries: 6, reach: 0.3, shrinking: 0.65 };

interface Scored {
  readonly point: Point;
  readonly score: number;
}

/**
 * A point where an acquisition function is large: the best of many points drawn uniformly and of those given climb by random steps that get
 * shorter, in one or two parameters at a time. Needs no gradient, and so works alike for numbers, choices and conditions.
 * @param scoreOf the function, of a row; may be −Infinity.
 * @param known points to start from besides, e.g. the best trials.
 * @param isTried points that are not to be proposed.
 */
export function maximize(
  space: SearchSpace,
  scoreOf: (row: Float64Array) => number,
  known: readonly Point[],
  isTried: (point: Point) => boolean,
  random: Random,
): Point {
  const scored = (point: Point): Scored => ({ point, score: isTried(point) ? -Infinity : scoreOf(rowOf(space, point)) });
  const near = known.flatMap((point) => Array.from({ length: NEAR.tries }, () => stepFrom(space, point, NEAR.reach, random)));
  const drawn = Array.from({ length: DRAWN }, () => space.sampleUniform(random));
  const climbers = [...known, ...near, ...drawn].map(scored).sort((a, b) => b.score - a.score);
  const tops = climbers.slice(0, CLIMB.climbers).map((start) => climb(space, start, scored, random));
  return tops.reduce((best, top) => (top.score > best.score ? top : best)).point;
}

function climb(space: SearchSpace, start: Scored, scored: (point: Point) => Scored, random: Random): Scored {
  let at = start;
  for (let round = 0; round < CLIMB.rounds; round++) {
    const reach = CLIMB.reach * CLIMB.shrinking ** round;
    for (let attempt = 0; attempt < CLIMB.tries; attempt++) {
      const next = scored(stepFrom(space, at.point, reach, random));
      if (next.score > at.score) at = next;
    }
  }
  return at;
}

function stepFrom(space: SearchSpace, point: Point, reach: number, random: Random): Point {
  const names = Object.keys(point);
  return varied(space, point, new Set([random.pick(names), random.pick(names)]), reach, random);
}
