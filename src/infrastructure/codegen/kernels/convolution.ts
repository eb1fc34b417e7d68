import type { Node } from '../../../onnx/index.js';
import { convolutionWindows } from '../../../ops/index.js';
import { type Expr, load, loops, number, plus, type Statement, times } from '../loops/index.js';
import type { Strided } from '../operands/index.js';
import { type Layer, layerOf } from './layer.js';
import { packWeights } from './packing.js';
import type { KernelRule, NestContext } from './rule.js';
import { blocks, lanesFor, parts } from './tile.js';
import { channelsLast, inputPlace, overPlaces, overTaps, type Slide, slidesOf } from './windows.js';

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
  const { rows, lanes: most } = context.schedule.convolution;
  const lanes = lanesFor(outputs, most);
  const taps = product(slides.map(({ kernel }) => kernel));
  const strides = { group: outputs * inputs * taps, output: inputs * taps, input: taps, tap: 1 };
  const weights = packWeights(context, layer, { groups, outputs, inputs, taps, lanes, strides });
  const body = (part: number, rows: number) =>
    loops(['n', 'group'], [batch, groups], ([n, group]) =>
      blocks(outputs, lanes, (block, size) =>
        parts(size, part, (first, wide) => {
          const channel = plus(times(group, outputs), times(block, lanes));
          return overPlaces(slides, layer.type, { rows, lanes: wide }, (tile, places, within) => [
            ...tile.begin((lane) => layer.initial(plus(channel, first, lane))),
            ...overTaps(slides, places[0], within, (taken, tap) => {
              const x = (c: Expr) =>
                places.map((place) => {
                  const along = inputPlace(slides, place, taken);
                  return layer.x.at([n, plus(times(group, inputs), c), ...spatial(along)]);
                });
              return weights.sum(tile, channel, tap, size, x, first);
            }),
            ...tile.finish((row, lane, sum) => {
              const to = plus(channel, first, lane);
              return layer.sink.store([n, to, ...spatial(places[row])], layer.finish(sum, to));
            }),
          ]);
        }),
      ),
    );
  const places = layer.pairs && inputs >= DEEP && taps === 1 ? Math.max(rows, context.schedule.pairedRows) : rows;
  return { body: [...weights.before, ...body(lanes, places)], plain: [...weights.before, ...body(context.schedule.plainLanes, 1)] };
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
  const { rows, lanes: most } = context.schedule.depthwise;
  const lanes = lanesFor(groups, most);
  const taps = product(slides.map(({ kernel }) => kernel));
  const strides = { group: 0, output: taps, input: 0, tap: 1 };
  const weights = packWeights(context, layer, { groups: 1, outputs: groups, inputs: 1, taps, lanes, strides });
  const body = (part: number, rows: number) =>
    loops(['n'], [batch], ([n]) =>
      blocks(groups, lanes, (block, size) =>
        parts(size, part, (first, wide) => {
          const channel = times(block, lanes);
          return overPlaces(slides, layer.type, { rows, lanes: wide }, (tile, places, within) => [
            ...tile.begin((lane) => layer.initial(plus(channel, first, lane))),
            ...overTaps(slides, places[0], within, (taken, tap) =>
              tile.accumulateLanes(
                places.map((place) => (lane: Expr) => {
                  const along = inputPlace(slides, place, taken);
                  return layer.factor(layer.x.at([n, plus(channel, first, lane), ...along]));
                }),
                (lane) => layer.weight(load(weights.buffer, plus(weights.tap(channel, tap, size), first, lane))),
              ),
            ),
            ...tile.finish((row, lane, sum) => {
              const to = plus(channel, first, lane);
              return layer.sink.store([n, to, ...places[row]], layer.finish(sum, to));
            }),
          ]);
        }),
      ),
    );
  return { body: [...weights.before, ...body(lanes, rows)], plain: [...weights.before, ...body(context.schedule.plainLanes, 1)] };
}

const product = (sizes: readonly number[]) => sizes.reduce((all, size) => all * size, 1);

export const convolutions: Readonly<Record<string, KernelRule>> = {
  Conv: { kind: 'nest', absorbs: true, emit: convolve },
  ConvInteger: { kind: 'nest', absorbs: true, emit: convolveIntegers },
};
