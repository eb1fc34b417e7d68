import type { Node } from '../../../onnx/index.js';
import { convolutionWindows } from '../../../ops/index.js';
import { type Buffer, type Expr, load, loops, minus, plus, type Statement, times } from '../loops/index.js';
import { inputOrder, overInputs, pairedInputs } from './inputs.js';
import { type Layer, layerOf } from './layer.js';
import type { KernelRule, NestContext } from './rule.js';
import { blocks, lanesFor } from './tile.js';
import { packed } from './weights.js';
import { overPlaces, overTaps, type Slide, slidesOf } from './windows.js';

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
  const rank = context.shape().length;
  const order = [0, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2), 1];
  const [x, weight, bias] = node.inputs;
  const layer = x && weight && layerOf(context, { x, weight, bias, axis: 0, order });
  if (!layer) return context.refuse('its weights depend on the data');
  const shape = shapeOf(node, layer, context.shape());
  const macs =
    shape.batch * shape.groups * shape.inputs * shape.outputs * product(shape.slides.map(({ kernel, output }) => kernel * output));
  const body = shape.inputs === 1 && shape.outputs === 1 ? depthwise(context, layer, shape) : grouped(context, layer, shape);
  context.emit(body, { macs });
}

function shapeOf(node: Node, { x, weights }: Layer, output: readonly number[]): Shape {
  const groups = node.int('group', 1);
  const slides = slidesOf(convolutionWindows(node, weights.shape.slice(2)), x.shape, output);
  return { batch: x.shape[0], groups, inputs: weights.shape[1], outputs: weights.shape[0] / groups, slides };
}

/** Sums over the channels of a group: blocks of output channels beside each other, for some places in a row. */
function grouped(context: NestContext, layer: Layer, shape: Shape): Statement[] {
  const { batch, groups, inputs, outputs, slides } = shape;
  const { rows, lanes: most } = context.schedule.convolution;
  const lanes = lanesFor(outputs, most);
  const taps = product(slides.map(({ kernel }) => kernel));
  const paired = pairedInputs(layer, inputs, context.schedule);
  const stored = packWeights(context, layer, shape, lanes, paired);
  return loops(['n', 'group'], [batch, groups], ([n, group]) =>
    blocks(outputs, lanes, (block, size) => {
      const channel = plus(times(group, outputs), times(block, lanes));
      const first = plus(times(group, outputs * inputs * taps), times(block, lanes * inputs * taps));
      return overPlaces(slides, layer.type, { rows, lanes: size }, (tile, places, within) => [
        ...tile.begin((lane) => layer.initial(plus(channel, lane))),
        ...overTaps(slides, places[0], within, (taken, tap) =>
          overInputs(
            tile,
            inputs,
            paired,
            (c) =>
              places.map((place) => {
                const along = slides.map(({ stride, head }, axis) => minus(plus(times(place[axis], stride), taken[axis]), head));
                return layer.factor(layer.x.at([n, plus(times(group, inputs), c), ...along]));
              }),
            (c, at) => layer.weight(load(stored, plus(first, times(plus(times(tap, inputs), c), size), at))),
          ),
        ),
        ...tile.finish((row, lane, sum) => {
          const to = plus(channel, lane);
          return layer.sink.store([n, to, ...places[row]], layer.finish(sum, to));
        }),
      ]);
    }),
  );
}

/** Each channel with a kernel of its own: channels beside each other. */
function depthwise(context: NestContext, layer: Layer, shape: Shape): Statement[] {
  const { batch, groups, slides } = shape;
  const { rows, lanes: most } = context.schedule.depthwise;
  const lanes = lanesFor(groups, most);
  const taps = product(slides.map(({ kernel }) => kernel));
  const stored = packWeights(context, layer, { ...shape, groups: 1, outputs: groups }, lanes, 0);
  return loops(['n'], [batch], ([n]) =>
    blocks(groups, lanes, (block, size) => {
      const channel = times(block, lanes);
      return overPlaces(slides, layer.type, { rows, lanes: size }, (tile, places, within) => [
        ...tile.begin((lane) => layer.initial(plus(channel, lane))),
        ...overTaps(slides, places[0], within, (taken, tap) =>
          tile.accumulateLanes(
            places.map((place) => (lane: Expr) => {
              const along = slides.map(({ stride, head }, axis) => minus(plus(times(place[axis], stride), taken[axis]), head));
              return layer.factor(layer.x.at([n, plus(channel, lane), ...along]));
            }),
            (lane) => layer.weight(load(stored, plus(times(channel, taps), times(tap, size), lane))),
          ),
        ),
        ...tile.finish((row, lane, sum) => {
          const to = plus(channel, lane);
          return layer.sink.store([n, to, ...places[row]], layer.finish(sum, to));
        }),
      ]);
    }),
  );
}

/** Weights in the order in which they are read: blocks of output channels; in each, taps, input channels, and the block's channels together. */
function packWeights(
  context: NestContext,
  { weights }: Layer,
  { groups, inputs, outputs, slides }: Shape,
  lanes: number,
  paired: number,
): Buffer {
  const taps = product(slides.map(({ kernel }) => kernel));
  const order = new Int32Array(weights.values.length);
  let next = 0;
  for (let group = 0; group < groups; group++) {
    for (let first = 0; first < outputs; first += lanes) {
      const size = Math.min(lanes, outputs - first);
      for (let tap = 0; tap < taps; tap++) {
        const at = (c: number, lane: number) => ((group * outputs + first + lane) * inputs + c) * taps + tap;
        for (const place of inputOrder(inputs, paired, size, at)) order[next++] = place;
      }
    }
  }
  return context.constantBuffer(`${context.node.name || context.node.op}_weights`, weights.storage, packed(weights, order), order.length);
}

const product = (sizes: readonly number[]) => sizes.reduce((all, size) => all * size, 1);

export const convolutions: Readonly<Record<string, KernelRule>> = {
  Conv: { kind: 'nest', absorbs: true, emit: convolve },
};
