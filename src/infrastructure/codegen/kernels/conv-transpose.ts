import { type TransposedWindow, transposedPadding, transposedWindows } from '../../../ops/index.js';
import {
  binary,
  both,
  type Expr,
  local,
  loop,
  loops,
  max,
  min,
  minus,
  number,
  over,
  plus,
  range,
  rest,
  type Statement,
  times,
  when,
} from '../loops/index.js';
import { layerOf } from './layer.js';
import { overPlacesAndChannels } from './order.js';
import { packWeights } from './packing.js';
import type { KernelRule, NestContext } from './rule.js';
import { lanesFor, Tile } from './tile.js';
import { channelsLast } from './windows.js';

/** A window along one axis: each output element gathers the inputs that its taps reach. */
interface Gathered extends TransposedWindow {
  readonly input: number;
  readonly output: number;
}

/** Each output element is summed whole and stored once, so that what follows can be computed at once. */
function convTranspose(context: NestContext): void {
  const { node } = context;
  const shape = context.shape();
  const order = channelsLast(shape);
  const [x, weight, bias] = node.inputs;
  const groups = node.int('group', 1);
  const layer = x && weight && layerOf(context, { x, weight, bias, axis: 1, order, groups, data: true });
  if (!layer) throw context.refuse('its weights depend on the data');
  const [channels, outputs, ...kernel] = layer.weights.shape;
  const inputs = channels / groups;
  const windows = transposedWindows(node, kernel).map((window, axis): Gathered => {
    const input = layer.x.shape[axis + 2];
    return { ...window, ...transposedPadding(window, input), input, output: shape[axis + 2] };
  });
  const taps = kernel.reduce((all, size) => all * size, 1);
  const { lanes: most, order: loopOrder, unroll } = context.tiling('transposedConvolution');
  const lanes = lanesFor(outputs, most);
  const strides = { group: inputs * outputs * taps, output: taps, input: outputs * taps, tap: 1 };
  const weights = packWeights(context, layer, { groups, outputs, inputs, taps, lanes, strides });
  const hints = ['row', 'column', 'plane'];
  const body = loops(['n', 'group'], [shape[0], groups], ([n, group]) =>
    overPlacesAndChannels(hints, shape.slice(2), { channels: outputs, lanes, order: loopOrder }, (place, first, size) => {
      const channel = plus(times(group, outputs), first);
      const tile = new Tile({ rows: 1, lanes: size }, layer.type);
      const x = (from: readonly Expr[]) => (c: Expr) => [layer.x.at([n, plus(times(group, inputs), c), ...from])];
      return [
        ...tile.begin((lane) => layer.initial(plus(channel, lane))),
        ...gather(windows, place, (from, tap) => weights.sum(tile, channel, tap, size, x(from), { unroll })),
        ...tile.finish((_, lane, sum) => {
          const to = plus(channel, lane);
          return layer.sink.store([n, to, ...place], layer.finish(sum, to));
        }),
      ];
    }),
  );
  context.emit([...weights.before, ...body], {
    macs: shape[0] * channels * outputs * taps * windows.reduce((all, { input }) => all * input, 1),
  });
}

/** The inputs that reach a place of the output, each with the row-major index of the tap by which it does. */
function gather(
  windows: readonly Gathered[],
  place: readonly Expr[],
  body: (from: readonly Expr[], tap: Expr) => readonly Statement[],
): Statement[] {
  const nest = (axis: number, from: readonly Expr[], tap: Expr): readonly Statement[] => {
    if (axis === windows.length) return body(from, tap);
    const { kernel, stride, dilation, head, input } = windows[axis];
    const at = plus(place[axis], head);
    const next = (source: Expr, k: Expr) => nest(axis + 1, [...from, source], plus(times(tap, kernel), k));
    if (dilation === 1) {
      // Every stride-th tap from the first that meets an input.
      return local('phase', rest(at, stride), (phase) =>
        local('last', over(at, stride), (last) => {
          const low = max(number(0), minus(last, input - 1));
          const high = min(over(minus(kernel + stride - 1, phase), stride), plus(last, 1));
          return local('from', low, (start) =>
            local('to', high, (end) =>
              range('k', start, end, (each) => next(minus(last, each), plus(phase, times(each, stride))), { within: [0, kernel - 1] }),
            ),
          );
        }),
      );
    }
    const shift = stride * Math.ceil((dilation * (kernel - 1)) / stride);
    return loop('k', kernel, (k) => {
      const reach = plus(at, shift, times(k, -dilation));
      const source = minus(over(reach, stride), shift / stride);
      const meets = binary('eq', rest(reach, stride), number(0));
      return when(both(meets, binary('ge', source, number(0)), binary('lt', source, number(input))), next(source, k));
    });
  };
  return [...nest(0, [], number(0))];
}

export const transposedConvolutions: Readonly<Record<string, KernelRule>> = {
  ConvTranspose: { kind: 'nest', absorbs: true, emit: convTranspose },
};
