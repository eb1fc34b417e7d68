import { sameShape } from '../../../base/index.js';
import type { Node, Value } from '../../../onnx/index.js';
import { BLOCKED_DOMAIN, imageShape, isFloatImage, type Layouts, shapeOf } from './layout.js';
import { constantNumbers, inputOf, isReadOnlyBy, type Lowering, outputOf } from './lowering.js';

function axesOf(node: Node): number[] | undefined {
  const axes = constantNumbers(node, 1);
  return axes?.map((axis) => (axis < 0 ? axis + 4 : axis)).sort((a, b) => a - b);
}

/**
 * Two images whose products a reduction sums up: a sum of squares, or a sum of a product that nothing else reads. For each image and channel that
 * is a depthwise convolution of one with the other, which reads both once and writes next to nothing.
 */
function factorsOf(node: Node, block: number): [Value, Value] | undefined {
  const x = inputOf(node, 0);
  if (node.op === 'ReduceSumSquare') return [x, x];
  const product = x.producer;
  if (node.op !== 'ReduceSum' || product?.op !== 'Mul' || product.domain !== '' || !isReadOnlyBy(x, node)) return undefined;
  const [a, b] = product.inputs as Value[];
  return [a, b].every((factor) => isFloatImage(factor, block) && sameShape(shapeOf(factor), shapeOf(x))) ? [a, b] : undefined;
}

/** Sums, means and sums of squares over the positions of each channel, or also over the batch: first within blocks, then across. */
export const reduction: Lowering = {
  givesPlain: true,
  accepts: (node, block) => {
    const axes = axesOf(node);
    return isFloatImage(node.inputs[0], block) && axes !== undefined && (sameShape(axes, [2, 3]) || sameShape(axes, [0, 2, 3]));
  },
  lower: (node, layouts) => {
    const { build } = layouts;
    const [batch, channels] = shapeOf(inputOf(node, 0));
    const factors = factorsOf(node, layouts.block);
    const perImage = factors ? sumsOfProducts(factors, layouts) : perImageOf(node, layouts);
    const across = node.op === 'ReduceMean' ? 'ReduceMean' : 'ReduceSum';
    const reduced =
      axesOf(node)?.[0] === 0
        ? build.op(across, [build.op('Reshape', [perImage, build.ints([batch, channels])]), build.ints([0])], { keepdims: 0 })
        : perImage;
    layouts.replace(outputOf(node), build.op('Reshape', [reduced, build.ints(shapeOf(outputOf(node)))]));
  },
};

function perImageOf(node: Node, layouts: Layouts): Value {
  const { build, block } = layouts;
  const x = inputOf(node, 0);
  const [batch, channels, height, width] = shapeOf(x);
  const rows = build.op('Reshape', [layouts.blocked(x), build.ints([(batch * channels) / block, height * width, block])]);
  return build.op(node.op, [rows, build.ints([1])], { keepdims: 0 });
}

function sumsOfProducts([a, b]: [Value, Value], layouts: Layouts): Value {
  const { build } = layouts;
  const [batch, channels, height, width] = shapeOf(a);
  const group = batch * channels;
  const images = layouts.folded(layouts.blocked(a), [1, group, height, width]);
  const kernels = layouts.folded(layouts.blocked(b), [group, 1, height, width]);
  return build.op('Conv', [images, kernels], { kernel_shape: [height, width], group }, BLOCKED_DOMAIN);
}

/** Channels last, which the way out of blocks gives as easily as channels first. */
export const transpose: Lowering = {
  givesPlain: true,
  accepts: (node, block) => isFloatImage(node.inputs[0], block) && sameShape(node.ints('perm', []), [0, 2, 3, 1]),
  lower: (node, layouts) => layouts.replace(outputOf(node), layouts.channelsLast(inputOf(node, 0))),
};

/** Images joined along the batch or along channels; blocks stay whole. */
export const concat: Lowering = {
  accepts: (node, block) => {
    const axis = node.int('axis', 0);
    return [0, 1].includes(axis) && isFloatImage(node.outputs[0], block) && node.inputs.every((input) => isFloatImage(input, block));
  },
  lower: (node, layouts) => {
    const parts = (node.inputs as Value[]).map((input) => layouts.blocked(input));
    layouts.define(outputOf(node), layouts.build.op('Concat', parts, { axis: node.int('axis', 0) }));
  },
};

/** Parts of the batch, of rows and of columns. */
export const slice: Lowering = {
  accepts: (node, block) => {
    const axes = constantNumbers(node, 3)?.map((axis) => (axis < 0 ? axis + 4 : axis));
    return isFloatImage(node.inputs[0], block) && isFloatImage(node.outputs[0], block) && axes !== undefined && !axes.includes(1);
  },
  lower: (node, layouts) => {
    const { build } = layouts;
    const [x, starts, ends, , steps] = node.inputs as Value[];
    const axes = (constantNumbers(node, 3) as number[]).map((axis) => (axis < 0 ? axis + 4 : axis));
    const sliced = build.op('Slice', [layouts.unfolded(x), starts, ends, build.ints(axes), steps]);
    layouts.define(outputOf(node), layouts.folded(sliced, shapeOf(outputOf(node))));
  },
};

/** Constant borders around rows and columns. */
export const pad: Lowering = {
  accepts: (node, block) => {
    const pads = constantNumbers(node, 1);
    const images = isFloatImage(node.inputs[0], block) && isFloatImage(node.outputs[0], block);
    return images && !node.inputs[3] && pads?.length === 8 && pads[1] === 0 && pads[5] === 0;
  },
  lower: (node, layouts) => {
    const { build } = layouts;
    const pads = constantNumbers(node, 1) as number[];
    const unfolded = build.ints([...pads.slice(0, 4), 0, ...pads.slice(4), 0]);
    const attributes = Object.fromEntries(node.attributes);
    const padded = build.op('Pad', [layouts.unfolded(inputOf(node, 0)), unfolded, node.inputs[2]], attributes);
    layouts.define(outputOf(node), layouts.folded(padded, shapeOf(outputOf(node))));
  },
};

/** The images of a batch as the channels of one, whose blocks are the same. */
export const merge: Lowering = {
  accepts: (node, block) => {
    const [from, to] = [imageShape(node.inputs[0], block), imageShape(node.outputs[0], block)];
    return isFloatImage(node.inputs[0], block) && from !== undefined && to !== undefined && sameShape(to, mergedShape(from));
  },
  lower: (node, layouts) => layouts.define(outputOf(node), layouts.folded(layouts.blocked(inputOf(node, 0)), shapeOf(outputOf(node)))),
};

function mergedShape([batch, channels, ...size]: readonly number[]): number[] {
  return [1, batch * channels, ...size];
}
