import { sameShape } from '../../../base/index.js';
import { type Node, staticShape, type Value } from '../../../onnx/index.js';
import { hardSigmoid } from './convolutions.js';
import { BLOCKED_DOMAIN, imageShape, isFloatImage, type Layouts, shapeOf } from './layout.js';
import { constantNumbers, inputOf, type Lowering, outputOf } from './lowering.js';

function plainPool(node: Node, block: number): boolean {
  const dilated = node.ints('dilations', []).some((dilation) => dilation !== 1);
  return isFloatImage(node.inputs[0], block) && isFloatImage(node.outputs[0], block) && !dilated;
}

/** Average and global pools, and maximum pools of which only the maxima are wanted. */
export const pool: Lowering = {
  accepts: (node, block) => plainPool(node, block) && !node.outputs[1],
  lower: lowerPool,
};

/** A maximum pool with indices can be blocked where only its own gradient reads those. */
export const maxPool: Lowering = {
  accepts: (node, block) =>
    plainPool(node, block) && (node.outputs[1]?.users ?? []).every((user) => maxUnpool.accepts(user, block) && poolOf(user) === node),
  lower: lowerPool,
};

function lowerPool(node: Node, layouts: Layouts): void {
  const attributes = Object.fromEntries(node.attributes);
  const pooled = layouts.build.op(node.op, [layouts.blocked(inputOf(node, 0))], attributes, BLOCKED_DOMAIN);
  layouts.define(outputOf(node), pooled);
}

/** The maximum pool whose gradient a MaxUnpool is. */
export function poolOf(node: Node): Node | undefined {
  const maker = node.inputs[1]?.producer;
  return maker?.op === 'MaxPool' && maker.domain === '' && maker.outputs[1] === node.inputs[1] ? maker : undefined;
}

/** Rows and columns behind the last windows of a pool whose windows do not overlap and begin at the corner; undefined for any other pool. */
function leftOver(pooling: Node, block: number): number[] | undefined {
  const [data, pooled] = [imageShape(pooling.inputs[0], block), imageShape(pooling.outputs[0], block)];
  const kernel = pooling.ints('kernel_shape', []);
  const plain = sameShape(pooling.ints('strides', [1, 1]), kernel) && pooling.ints('pads', []).every((pad) => pad === 0);
  if (!data || !pooled || !plain || pooling.string('auto_pad', 'NOTSET') !== 'NOTSET') return undefined;
  const rest = kernel.map((size, axis) => data[axis + 2] - size * pooled[axis + 2]);
  return rest.every((length) => length >= 0) ? rest : undefined;
}

/** Larger than any activation, so that no element is its window's maximum, and small enough that a difference from it is finite. */
const NO_MAXIMUM = 1e38;

/**
 * The gradient of a maximum pool whose windows do not overlap, without indices: it goes to the elements that equal their window's maximum. A
 * maximum that several elements share is shared out equally, where the plain form gives all to the first.
 */
export const maxUnpool: Lowering = {
  accepts: (node, block) => {
    const pooling = poolOf(node);
    const [input, output] = [imageShape(node.inputs[0], block), imageShape(node.outputs[0], block)];
    if (!pooling || !input || !output || node.outputs[0]?.dtype !== 'float32') return false;
    const matches = sameShape(node.ints('kernel_shape', []), pooling.ints('kernel_shape', []));
    const data = staticShape(pooling.inputs[0]?.shape);
    return matches && leftOver(pooling, block) !== undefined && sameShape(data ?? [], output);
  },
  lower: (node, layouts) => {
    const { build, block } = layouts;
    const pooling = poolOf(node) as Node;
    const [x, maxima] = [inputOf(pooling, 0), outputOf(pooling)];
    const kernel = node.ints('kernel_shape', []);
    const [below, right] = leftOver(pooling, block) as number[];
    const [batch, channels, height, width] = shapeOf(x);
    /** Each number over its window, and a constant over what no window covers. */
    const enlarged = (value: Value, elsewhere: number) => {
      const covered = upsampled(layouts, value, kernel);
      if (below + right === 0) return covered;
      const split = [batch, channels / block, height - below, width - right, block];
      const pads = build.ints([0, 0, 0, 0, 0, 0, 0, below, right, 0]);
      const padded = build.op('Pad', [build.op('Reshape', [covered, build.ints(split)]), pads, build.scalar(elsewhere)]);
      return layouts.folded(padded, shapeOf(x));
    };
    // maximum - x is zero where x is a maximum: a steep HardSigmoid makes that 1, anything above it 0.
    const isMaximum = layouts.affine(
      layouts.blocked(x),
      layouts.uniform(channels, -1),
      undefined,
      enlarged(layouts.blocked(maxima), NO_MAXIMUM),
      hardSigmoid(-3e38, 1),
    );
    const size = kernel[0] * kernel[1];
    const occupied = build.op('AveragePool', [isMaximum], { kernel_shape: kernel, strides: kernel }, BLOCKED_DOMAIN);
    const upstream = build.op('Mul', [layouts.blocked(inputOf(node, 0)), build.scalar(1 / size)]);
    const share = build.op('Div', [upstream, occupied]);
    layouts.define(outputOf(node), build.op('Mul', [isMaximum, enlarged(share, 0)]));
  },
};

function upsampled(layouts: Layouts, blocked: Value, factors: readonly number[]): Value {
  return layouts.build.op('Upsample', [blocked], { scales: [1, 1, ...factors], mode: 'nearest' }, BLOCKED_DOMAIN);
}

/** Whole factors by which the image grows; undefined where it does not. */
function growth(node: Node, block: number): number[] | undefined {
  const [input, output] = [imageShape(node.inputs[0], block), imageShape(node.outputs[0], block)];
  if (!input || !output || input[0] !== output[0] || input[1] !== output[1] || node.outputs[0]?.dtype !== 'float32') return undefined;
  const factors = [output[2] / input[2], output[3] / input[3]];
  return factors.every(Number.isInteger) ? factors : undefined;
}

/** Nearest-neighbour enlargement by whole factors. */
export const resize: Lowering = {
  accepts: (node, block) => {
    const whole =
      node.string('mode', 'nearest') === 'nearest' &&
      node.string('coordinate_transformation_mode', 'half_pixel') === 'asymmetric' &&
      node.string('nearest_mode', 'round_prefer_floor') === 'floor';
    const scales = constantNumbers(node, 2) ?? [];
    return whole && scales.every(Number.isInteger) && growth(node, block) !== undefined;
  },
  lower: lowerGrowth,
};

/** One number per image and channel, repeated over all positions. */
export const expand: Lowering = {
  accepts: (node, block) => {
    const input = imageShape(node.inputs[0], block);
    return input !== undefined && input[2] * input[3] === 1 && growth(node, block) !== undefined;
  },
  lower: lowerGrowth,
};

function lowerGrowth(node: Node, layouts: Layouts): void {
  const factors = growth(node, layouts.block) as number[];
  layouts.define(outputOf(node), upsampled(layouts, layouts.blocked(inputOf(node, 0)), factors));
}
