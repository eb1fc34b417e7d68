import { type Buffer, type Expr, load, loop, number, plus, type Statement, times } from '../loops/index.js';
import type { Layer } from './layer.js';
import type { NestContext } from './rule.js';
import type { Tile } from './tile.js';
import { packed } from './weights.js';

/** Which weights a layer has, and how many output channels a block of them is for. */
export interface WeightShape {
  readonly groups: number;
  /** Output channels of a group. */
  readonly outputs: number;
  readonly taps: number;
  /** Input channels of a group. */
  readonly inputs: number;
  readonly lanes: number;
}

/** Weights in the order in which they are read. */
export interface PackedWeights {
  readonly buffer: Buffer;
  /** The first weight of a tap. @param channel the first output channel of a block, of all groups. @param size channels of the block. */
  tap(channel: Expr, tap: Expr, size: number): Expr;
  /** Adds up the products of a tap. @param x input channel c, at each place. */
  sum(tile: Tile, channel: Expr, tap: Expr, size: number, x: (c: Expr) => readonly Expr[]): Statement[];
}

/**
 * Writes weights into the program: blocks of output channels; in each, taps; in each, input channels (where integers are multiplied in pairs, two and two);
 * in each, the block's channels beside each other.
 * @param elementAt place of a weight in `layer.weights`. Output channels count through all groups.
 */
export function packWeights(
  context: NestContext,
  layer: Layer,
  { groups, outputs, taps, inputs, lanes }: WeightShape,
  elementAt: (output: number, tap: number, input: number) => number,
): PackedWeights {
  const pair = layer.pairs && inputs > 1 ? 2 : 1;
  const deep = Math.ceil(inputs / pair) * pair;
  const order = new Int32Array(groups * outputs * taps * deep);
  let next = 0;
  for (let group = 0; group < groups; group++)
    for (let first = 0; first < outputs; first += lanes)
      for (let tap = 0; tap < taps; tap++)
        for (let c = 0; c < deep; c += pair)
          for (let lane = 0; lane < Math.min(lanes, outputs - first); lane++)
            for (let each = c; each < c + pair; each++)
              order[next++] = each < inputs ? elementAt(group * outputs + first + lane, tap, each) : -1;
  const name = `${context.node.name || context.node.op}_weights`;
  const buffer = context.constantBuffer(name, layer.weights.storage, packed(layer.weights, order), order.length);
  const tapAt = (channel: Expr, tap: Expr, size: number) => plus(times(channel, taps * deep), times(tap, deep * size));
  const sum = (tile: Tile, channel: Expr, tap: Expr, size: number, x: (c: Expr) => readonly Expr[]): Statement[] => {
    const from = tapAt(channel, tap, size);
    if (pair === 1) {
      return loop('c', inputs, (c) =>
        tile.accumulate(x(c).map(layer.factor), (lane) => layer.weight(load(buffer, plus(from, times(c, size), lane)))),
      );
    }
    const twice = (c: Expr, second: boolean) => {
      const [a, b] = [x(c), second ? x(plus(c, 1)) : []];
      const factors = a.map((each, row) => [layer.factor(each), second ? layer.factor(b[row]) : number(0)] as const);
      return tile.accumulatePairs(factors, buffer, (lane) => plus(from, times(c, size), times(lane, 2)));
    };
    const whole = loop('c', Math.floor(inputs / 2), (each) => twice(times(each, 2), true));
    return inputs % 2 === 0 ? whole : [...whole, ...twice(number(inputs - 1), false)];
  };
  return { buffer, tap: tapAt, sum };
}
