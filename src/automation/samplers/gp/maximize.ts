import type { Random } from '../../../base/index.js';
import type { Point } from '../../parameters.js';
import type { SearchSpace } from '../../space.js';
import { rowOf } from '../rows.js';
import { varied } from '../vary.js';

const DRAWN = 400;
const CLIMBERS = 8;
const ROUNDS = 12;
const TRIES = 6;

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
  const near = known.flatMap((point) => Array.from({ length: TRIES }, () => stepFrom(space, point, 0.1, random)));
  const drawn = Array.from({ length: DRAWN }, () => space.sampleUniform(random));
  const climbers = [...known, ...near, ...drawn].map(scored).sort((a, b) => b.score - a.score);
  const tops = climbers.slice(0, CLIMBERS).map((start) => climb(space, start, scored, random));
  return tops.reduce((best, top) => (top.score > best.score ? top : best)).point;
}

function climb(space: SearchSpace, start: Scored, scored: (point: Point) => Scored, random: Random): Scored {
  let at = start;
  for (let round = 0; round < ROUNDS; round++) {
    const reach = 0.3 * 0.65 ** round;
    for (let attempt = 0; attempt < TRIES; attempt++) {
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
