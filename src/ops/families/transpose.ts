import { type Dim, floorDivideDims, multiplyDims, type Node, type Value } from '../../onnx/index.js';
import { type CouplingContext, type GradientContext, type InferContext, noMacs, type OpRule } from '../rule.js';
import { printShape } from '../shared/broadcast.js';
import { reshapeTo } from '../shared/gradients.js';
import { asNumbers, carriedContents, tensorOf } from '../shared/inferred.js';
import { withTraits } from '../with-traits.js';

/** The order of a Transpose's axes: output axis i is input axis order[i]. Reversed where it is not given. */
function orderOf({ node }: { node: Node }, rank: number): number[] {
  return node.ints('perm', undefined) ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
}

/** Elements of a small matrix in another order: exporters lay out pads in one. */
function transposed(context: InferContext, order: readonly number[]): readonly Dim[] | undefined {
  const contents = carriedContents(context);
  const shape = asNumbers(context.shape(0));
  if (!contents || !shape || order.length !== 2 || order[0] === 0) return order.length <= 2 ? contents : undefined;
  const [rows, columns] = shape;
  return contents.map((_, index) => contents[(index % rows) * columns + Math.floor(index / rows)]);
}

const transposeRule: OpRule = {
  infer: (context) => {
    const shape = context.shape(0);
    if (!shape) return [tensorOf(context.dtype(0), undefined)];
    const order = orderOf(context, shape.length);
    if ([...order].sort((a, b) => a - b).some((axis, index) => axis !== index) || order.length !== shape.length) {
      context.fail('perm is no order of the axes', `a permutation of ${shape.length} axes`, `[${order}]`);
    }
    return [
      tensorOf(
        context.dtype(0),
        order.map((axis) => shape[axis]),
        transposed(context, order),
      ),
    ];
  },
  macs: noMacs,
  gradient: (context) => {
    const order = orderOf(context, context.shape(context.input(0)).length);
    return [context.build.op('Transpose', [context.grad()], { perm: order.map((_, axis) => order.indexOf(axis)) })];
  },
  coupling: (context) => {
    const value = context.input(0);
    orderOf(context, context.shape(value).length).forEach((from, axis) => {
      context.tie({ value, axis: from }, { value: context.output(), axis });
    });
  },
  quantization: { kind: 'transparent' },
  upgrades: {},
};

function blockOf({ node }: Pick<InferContext, 'node'>): number {
  return node.int('blocksize', 1);
}

/** Whether channels are numbered channel first, then place in the block; by default the place comes first. */
function channelFirst({ node }: Pick<InferContext, 'node'>): boolean {
  return node.string('mode', 'DCR') === 'CRD';
}

/** Channels of the deep tensor at which channel `channel` of the wide one (of `channels`) lies. */
function deepChannels(context: CouplingContext, channel: number, channels: number): number[] {
  const places = blockOf(context) ** 2;
  const first = channelFirst(context);
  return Array.from({ length: places }, (_, place) => (first ? channel * places + place : place * channels + channel));
}

function inferDepth(context: InferContext, resized: (dims: readonly Dim[], block: number) => Dim[]) {
  const shape = context.shape(0);
  if (shape && shape.length !== 4) context.fail('The input is no image', '[N, C, H, W]', printShape(shape));
  return [tensorOf(context.dtype(0), shape && resized(shape, blockOf(context)))];
}

/** The gradient of DepthToSpace where channels come first: SpaceToDepth has had no such mode for long, so it is spelled out. */
function gatherBlocks(context: GradientContext): Value {
  const { build } = context;
  const block = blockOf(context);
  const [batch, depth, height, width] = context.shape(context.input(0));
  const apart = reshapeTo(build, context.grad(), [batch, depth / block ** 2, height, block, width, block]);
  const together = build.op('Transpose', [apart], { perm: [0, 1, 3, 5, 2, 4] });
  return reshapeTo(build, together, [batch, depth, height, width]);
}

const depthToSpace: OpRule = {
  infer: (context) =>
    inferDepth(context, ([batch, depth, height, width], block) => {
      if (typeof depth === 'number' && depth % block ** 2 !== 0)
        context.fail('Channels do not fill the blocks', `a multiple of ${block ** 2}`, String(depth));
      return [batch, floorDivideDims(depth, block ** 2), multiplyDims(height, block), multiplyDims(width, block)];
    }),
  macs: noMacs,
  gradient: (context) => [
    channelFirst(context) ? gatherBlocks(context) : context.build.op('SpaceToDepth', [context.grad()], { blocksize: blockOf(context) }),
  ],
  coupling: (context) => {
    const [deep, wide] = [context.input(0), context.output()];
    const channels = context.shape(wide)[1];
    context.tie({ value: deep, axis: 0 }, { value: wide, axis: 0 });
    context.tie({ value: wide, axis: 1 }, { value: deep, axis: 1 }, (channel) => deepChannels(context, channel, channels));
  },
  quantization: { kind: 'transparent' },
  upgrades: {},
};

const spaceToDepth: OpRule = {
  infer: (context) =>
    inferDepth(context, ([batch, channels, height, width], block) => {
      for (const size of [height, width]) {
        if (typeof size === 'number' && size % block !== 0)
          context.fail('The image does not divide into blocks', `a multiple of ${block}`, String(size));
      }
      return [batch, multiplyDims(channels, block ** 2), floorDivideDims(height, block), floorDivideDims(width, block)];
    }),
  macs: noMacs,
  gradient: (context) => [
    context.build.op('DepthToSpace', [context.grad()], { blocksize: blockOf(context), mode: channelFirst(context) ? 'CRD' : 'DCR' }),
  ],
  coupling: (context) => {
    const [wide, deep] = [context.input(0), context.output()];
    const channels = context.shape(wide)[1];
    context.tie({ value: wide, axis: 0 }, { value: deep, axis: 0 });
    context.tie({ value: wide, axis: 1 }, { value: deep, axis: 1 }, (channel) => deepChannels(context, channel, channels));
  },
  quantization: { kind: 'transparent' },
  upgrades: {},
};

/** Operators that reorder elements. */
export const transpose = withTraits(
  { DepthToSpace: depthToSpace, SpaceToDepth: spaceToDepth, Transpose: transposeRule },
  { DepthToSpace: { channels: 'second' }, Transpose: { carries: true, permutes: (node, rank) => orderOf({ node }, rank) } },
);
