import { type Buffer, type Expr, load, loops, number, plus, type Statement, store, times, unrolledLoop } from '../loops/index.js';
import type { Operand } from '../operands/index.js';
import type { Layer } from './layer.js';
import type { NestContext } from './rule.js';
import { blocks, type Tile } from './tile.js';
import { packed } from './weights.js';

/** Where weights stand, and in which blocks they are to be read. */
export interface Packing {
  readonly groups: number;
  /** Output channels of a group. */
  readonly outputs: number;
  /** Input channels of a group. */
  readonly inputs: number;
  readonly taps: number;
  /** Output channels that are read together. */
  readonly lanes: number;
  /** Elements from one group, output, input and tap to the next. */
  readonly strides: { readonly group: number; readonly output: number; readonly input: number; readonly tap: number };
  /** The order in which inputs are read. Default: as they are counted. */
  readonly columns?: Int32Array;
}

/** What of a layer its products follow from. */
export type Multiplied = Pick<Layer, 'weights' | 'pairs' | 'factor' | 'weight'>;

/** Weights in the order in which they are read. */
export interface PackedWeights {
  readonly buffer: Buffer;
  /** Puts weights that depend on the data in order: runs before they are read. */
  readonly before: readonly Statement[];
  /** The first weight of a tap. @param channel the first output channel of a block, of all groups. @param size channels of the block. */
  tap(channel: Expr, tap: Expr, size: number): Expr;
  /** Adds up the products of a tap. @param x input channel c, at each place. */
  sum(tile: Tile, channel: Expr, tap: Expr, size: number, x: (c: Expr) => readonly Expr[], options?: SumOptions): Statement[];
}

export interface SumOptions {
  /** Lane of the block with which the tile begins. Default 0. */
  readonly first?: Expr;
  /** Input channels, or pairs of them, whose products are written one after the other. Default 1. */
  readonly unroll?: number;
}

/**
 * Writes weights into the program: in each group blocks of output channels; in each, taps; in each, input channels (where integers are multiplied in pairs,
 * two and two); in each, the block's channels beside each other. Those that depend on the data are put so by statements that run before.
 */
export function packWeights(context: NestContext, layer: Multiplied, packing: Packing): PackedWeights {
  const { inputs, taps } = packing;
  const { operand } = layer.weights;
  const pair = layer.pairs && !operand && inputs > 1 ? 2 : 1;
  const deep = Math.ceil(inputs / pair) * pair;
  const name = `${context.node.name || context.node.op}_weights`;
  const { buffer, before } = operand
    ? packedAsItRuns(operand, context.scratch(name, layer.weights.storage, packing.groups * packing.outputs * taps * inputs), packing)
    : { buffer: packedBefore(context, layer, packing, pair, name), before: [] };
  const tap = (channel: Expr, at: Expr, size: number) => plus(times(channel, taps * deep), times(at, deep * size));
  const sum: PackedWeights['sum'] = (tile, channel, at, size, x, { first = number(0), unroll = 1 } = {}) => {
    const from = plus(tap(channel, at, size), times(first, pair));
    if (pair === 1) {
      return unrolledLoop('c', inputs, unroll, (c) =>
        tile.accumulate(x(c).map(layer.factor), (lane) => layer.weight(load(buffer, plus(from, times(c, size), lane)))),
      );
    }
    const twice = (c: Expr, second: boolean) => {
      const [a, b] = [x(c), second ? x(plus(c, 1)) : []];
      const factors = a.map((each, row) => [layer.factor(each), second ? layer.factor(b[row]) : number(0)] as const);
      return tile.accumulatePairs(factors, buffer, (lane) => plus(from, times(c, size), times(lane, 2)));
    };
    const whole = unrolledLoop('c', Math.floor(inputs / 2), unroll, (each) => twice(times(each, 2), true));
    return inputs % 2 === 0 ? whole : [...whole, ...twice(number(inputs - 1), false)];
  };
  return { buffer, before, tap, sum };
}

function packedBefore(context: NestContext, { weights }: Multiplied, packing: Packing, pair: number, name: string): Buffer {
  const { groups, outputs, inputs, taps, lanes, strides, columns } = packing;
  const deep = Math.ceil(inputs / pair) * pair;
  const order = new Int32Array(groups * outputs * taps * deep);
  let next = 0;
  const element = (group: number, output: number, tap: number, input: number) =>
    group * strides.group + output * strides.output + tap * strides.tap + (columns ? columns[input] : input) * strides.input;
  for (let group = 0; group < groups; group++)
    for (let first = 0; first < outputs; first += lanes)
      for (let tap = 0; tap < taps; tap++)
        for (let c = 0; c < deep; c += pair)
          for (let output = first; output < Math.min(outputs, first + lanes); output++)
            for (let each = c; each < c + pair; each++) order[next++] = each < inputs ? element(group, output, tap, each) : -1;
  return context.constantBuffer(name, weights.storage, packed(weights, order), order.length);
}

function packedAsItRuns(operand: Operand, buffer: Buffer, packing: Packing): { buffer: Buffer; before: Statement[] } {
  const { groups, outputs, inputs, taps, lanes, strides } = packing;
  const before = loops(['group'], [groups], ([group]) =>
    blocks(outputs, lanes, (block, wide) =>
      loops(['tap', 'input', 'lane'], [taps, inputs, wide], ([tap, input, lane]) => {
        const output = plus(times(block, lanes), lane);
        const from = plus(times(group, strides.group), times(output, strides.output), times(input, strides.input), times(tap, strides.tap));
        const start = plus(times(group, outputs * inputs * taps), times(block, lanes * inputs * taps));
        return [store(buffer, plus(start, times(plus(times(tap, inputs), input), wide), lane), operand.flat(from))];
      }),
    ),
  );
  return { buffer, before };
}
