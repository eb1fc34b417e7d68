import type { Node } from '../../../onnx/index.js';
import { convolutionWindows } from '../../../ops/index.js';
import { type Expr, load, loops, number, plus, type Statement, times } from '../loops/index.js';
import type { Strided } from '../operands/index.js';
import { type Layer, layerOf } from './layer.js';
import { overTiles, type TileLoops } from './order.js';
import { packWeights } from './packing.js';
import type { KernelRule, NestContext } from './rule.js';
import type { Tiling } from './schedule.js';
import { lanesFor, Tile } from './tile.js';
import { channelsLast, inputPlace, overTaps, type Slide, slidesOf } from './windows.js';

/** What a convolution is, beside its numbers. */
interface Shape {
  readonly batch: number;
  readonly groups: number;
  /** Channels of one group. */
  readonly inputs: number;
  readonly outputs: number;
  readonly slides: readonly Slide[];
}

function convolve(context: NestContext): void {
  const { node } = context;
  const order = channelsLast(context.shape());
  const [x, weight, bias] = node.inputs;
  const layer = x && weight && layerOf(context, { x, weight, bias, axis: 0, order, data: true });
  if (!layer) throw context.refuse('its weights depend on the data');
  emitConvolution(context, layer);
}

/** Products of integers, summed. */
function convolveIntegers(context: NestContext): void {
  const order = channelsLast(context.shape());
  const [x, weight, xZero, weightZero] = context.node.inputs;
  const layer = x && weight && layerOf(context, { x, weight, axis: 0, order, zeros: { x: xZero, weight: weightZero } });
  if (!layer) throw context.refuse('its weights depend on the data');
  emitConvolution(context, layer);
}

function emitConvolution(context: NestContext, layer: Layer): void {
  const { node } = context;
  const shape = shapeOf(node, layer, context.shape());
  const macs =
    shape.batch * shape.groups * shape.inputs * shape.outputs * product(shape.slides.map(({ kernel, output }) => kernel * output));
  const { body, plain } = shape.inputs === 1 && shape.outputs === 1 ? depthwise(context, layer, shape) : grouped(context, layer, shape);
  context.emit(body, { macs, plain });
}

function shapeOf(node: Node, { x, weights }: Layer, output: readonly number[]): Shape {
  const groups = node.int('group', 1);
  const slides = slidesOf(convolutionWindows(node, weights.shape.slice(2)), x.shape, output);
  return { batch: x.shape[0], groups, inputs: weights.shape[1], outputs: weights.shape[0] / groups, slides };
}

/** A kernel, and the same for processors without vectors. */
interface Bodies {
  readonly body: readonly Statement[];
  readonly plain: readonly Statement[];
}

/** Input channels from which on a product of integers takes longer than unpacking its weights. */
const DEEP = 8;

/** Sums over the channels of a group: blocks of output channels beside each other, for some places in a row. */
function grouped(context: NestContext, layer: Layer, shape: Shape): Bodies {
  const { batch, groups, inputs, outputs } = shape;
  const { slides, spatial } = asOneRow(context, layer, shape.slides);
  const taps = product(slides.map(({ kernel }) => kernel));
  const ofIntegers = layer.pairs && inputs >= DEEP && taps === 1 ? 'pairedConvolution' : 'integerConvolution';
  const tiling = context.tiling(layer.type === 'i32' ? ofIntegers : 'convolution');
  const lanes = lanesFor(outputs, tiling.lanes);
  const strides = { group: outputs * inputs * taps, output: inputs * taps, input: taps, tap: 1 };
  const weights = packWeights(context, layer, { groups, outputs, inputs, taps, lanes, strides });
  const body = ({ unroll, ...order }: Loops) =>
    loops(['n', 'group'], [batch, groups], ([n, group]) =>
      overTiles(slides, { channels: outputs, lanes, ...order }, ({ block, size, first, wide, places, within }) => {
        const channel = plus(times(group, outputs), block);
        const tile = new Tile({ rows: places.length, lanes: wide }, layer.type);
        return [
          ...tile.begin((lane) => layer.initial(plus(channel, first, lane))),
          ...overTaps(slides, places[0], within, (taken, tap) => {
            const x = (c: Expr) =>
              places.map((place) => {
                const along = inputPlace(slides, place, taken);
                return layer.x.at([n, plus(times(group, inputs), c), ...spatial(along)]);
              });
            return weights.sum(tile, channel, tap, size, x, { first, unroll });
          }),
          ...tile.finish((row, lane, sum) => {
            const to = plus(channel, first, lane);
            return layer.sink.store([n, to, ...spatial(places[row])], layer.finish(sum, to));
          }),
        ];
      }),
    );
  const [vectors, plain] = loopsOf(context, tiling, lanes).map(body);
  return { body: [...weights.before, ...vectors], plain: [...weights.before, ...plain] };
}

type Loops = Pick<TileLoops, 'part' | 'rows' | 'order'> & Pick<Tiling, 'unroll'>;

/** The loops of a tiling, and those for processors without vectors, which have few registers and little room for code. */
function loopsOf({ schedule }: NestContext, { rows, order, unroll }: Tiling, lanes: number): [Loops, Loops] {
  return [
    { part: lanes, rows, order, unroll },
    { part: schedule.plainLanes, rows: 1, order: 'channels', unroll: 1 },
  ];
}

/**
 * Places of a convolution with one tap as one row, where input and output lie so: fewer are left over.
 * @returns windows, and the indices of all axes for a place of these.
 */
function asOneRow(context: NestContext, { x, sink }: Layer, slides: readonly Slide[]): OneRow {
  const apart = { slides, spatial: (place: readonly Expr[]) => place };
  const isTap = ({ kernel, stride, head, tail }: Slide) => kernel === 1 && stride === 1 && head === 0 && tail === 0;
  if (slides.length < 2 || !slides.every(isTap)) return apart;
  const isRow = ({ strides }: Strided) =>
    slides.every(({ output }, axis) => axis === 0 || strides[axis + 1] === strides[axis + 2] * output);
  const inside = new Set([context.node, ...context.absorbed]);
  const readsOthers = sink.absorbed.some(({ inputs }) =>
    inputs.some((input) => input && input.constant?.size !== 1 && !(input.producer && inside.has(input.producer))),
  );
  if (!isRow(x.stored) || !isRow(sink.operand.stored) || readsOthers) return apart;
  const all = product(slides.map(({ output }) => output));
  const before = slides.slice(1).map(() => number(0));
  return { slides: [{ ...slides[0], input: all, output: all }], spatial: (place) => [...before, ...place] };
}

interface OneRow {
  readonly slides: readonly Slide[];
  readonly spatial: (place: readonly Expr[]) => readonly Expr[];
}

/** Each channel with a kernel of its own: channels beside each other. */
function depthwise(context: NestContext, layer: Layer, shape: Shape): Bodies {
  const { batch, groups, slides } = shape;
  const tiling = context.tiling('depthwise');
  const lanes = lanesFor(groups, tiling.lanes);
  const taps = product(slides.map(({ kernel }) => kernel));
  const strides = { group: 0, output: taps, input: 0, tap: 1 };
  const weights = packWeights(context, layer, { groups: 1, outputs: groups, inputs: 1, taps, lanes, strides });
  const body = ({ unroll, ...order }: Loops) =>
    loops(['n'], [batch], ([n]) =>
      overTiles(slides, { channels: groups, lanes, ...order }, ({ block, size, first, wide, places, within }) => {
        const tile = new Tile({ rows: places.length, lanes: wide }, layer.type);
        const products = (taken: readonly Expr[], tap: Expr) =>
          tile.accumulateLanes(
            places.map((place) => (lane: Expr) => {
              const along = inputPlace(slides, place, taken);
              return layer.factor(layer.x.at([n, plus(block, first, lane), ...along]));
            }),
            (lane) => layer.weight(load(weights.buffer, plus(weights.tap(block, tap, size), first, lane))),
          );
        return [
          ...tile.begin((lane) => layer.initial(plus(block, first, lane))),
          ...overTaps(slides, places[0], within, products, unroll),
          ...tile.finish((row, lane, sum) => {
            const to = plus(block, first, lane);
            return layer.sink.store([n, to, ...places[row]], layer.finish(sum, to));
          }),
        ];
      }),
    );
  const [vectors, plain] = loopsOf(context, tiling, lanes).map(body);
  return { body: [...weights.before, ...vectors], plain: [...weights.before, ...plain] };
}

const product = (sizes: readonly number[]) => sizes.reduce((all, size) => all * size, 1);

export const convolutions: Readonly<Record<string, KernelRule>> = {
  Conv: { kind: 'nest', absorbs: true, emit: convolve },
  ConvInteger: { kind: 'nest', absorbs: true, emit: convolveIntegers },
};
