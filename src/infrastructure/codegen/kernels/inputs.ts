import { type Expr, loop, number, plus, range, type Statement, times } from '../loops/index.js';
import type { Layer } from './layer.js';
import type { Schedule } from './schedule.js';
import type { Tile } from './tile.js';

/** How many of a layer's inputs are multiplied in pairs: all, but for an odd one at the end, or none. */
export function pairedInputs({ weights, type }: Pick<Layer, 'weights' | 'type'>, inputs: number, { pairs }: Schedule): number {
  return pairs && type === 'i32' && weights.storage === 'i8' ? inputs - (inputs % 2) : 0;
}

/**
 * Adds the products of inputs, those in pairs first.
 * @param factors the input for each row of the tile.
 * @param weight the weight at a place behind those of the inputs before this one or this pair.
 */
export function overInputs(
  tile: Tile,
  inputs: number,
  paired: number,
  factors: (input: Expr) => readonly Expr[],
  weight: (input: Expr, place: Expr) => Expr,
): Statement[] {
  if (paired === 0) return loop('c', inputs, (c) => tile.accumulate(factors(c), (lane) => weight(c, lane)));
  const pair = (c: Expr) => {
    const [first, second] = [factors(c), factors(plus(c, 1))];
    return tile.accumulatePairs(first, second, (lane, each) => weight(c, plus(times(lane, 2), each)));
  };
  const pairs = paired === 2 ? pair(number(0)) : range('c', 0, paired, pair, { step: 2 });
  if (paired === inputs) return [...pairs];
  return [...pairs, ...tile.accumulate(factors(number(paired)), (lane) => weight(number(paired), lane))];
}

/** The order of weights in which `overInputs` reads them. @param at place of the weight of an input and a lane. */
export function* inputOrder(inputs: number, paired: number, lanes: number, at: (input: number, lane: number) => number): Generator<number> {
  for (let c = 0; c < paired; c += 2) {
    for (let lane = 0; lane < lanes; lane++) {
      yield at(c, lane);
      yield at(c + 1, lane);
    }
  }
  for (let c = paired; c < inputs; c++) for (let lane = 0; lane < lanes; lane++) yield at(c, lane);
}
