import { lookup, sameShape, sizeOf } from '../../../base/index.js';
import { type AttributeLike, type Node, staticShape, type Value } from '../../../onnx/index.js';
import { BLOCKED_DOMAIN, imageShape, isFloatImage, type Layouts, shapeOf } from './layout.js';
import { inputOf, isReadOnlyBy, type Lowering, outputOf } from './lowering.js';

/** Static shapes of an image convolution's operands. */
export interface ConvolutionShapes {
  readonly input: readonly number[];
  readonly weight: readonly number[];
  readonly output: readonly number[];
  readonly group: number;
}

export function shapesOf(node: Node): ConvolutionShapes | undefined {
  const [input, weight] = [0, 1].map((index) => staticShape(node.inputs[index]?.shape));
  const output = staticShape(node.outputs[0]?.shape);
  if (node.inputs[0]?.dtype !== 'float32' || input?.length !== 4 || weight?.length !== 4 || output?.length !== 4) return undefined;
  return { input, weight, output, group: node.int('group', 1) };
}

export function isDepthwise({ weight, group }: ConvolutionShapes): boolean {
  return group > 1 && weight[0] === group && weight[1] === 1;
}

/** ONNX Runtime reorders channels in fours. */
const ALIGNMENT = 4;

/** Channels may be filled up with zeros to whole blocks, as long as that does not make more than half as much work again. */
function fills(channels: number, block: number): boolean {
  return channels % block === 0 || (channels % ALIGNMENT === 0 && Math.ceil(channels / block) * block <= 1.5 * channels);
}

/** The images [N, C, H, W] whose channels are a depthwise convolution's kernels, [N * C, 1, H, W]; undefined where its weight is none of that kind. */
function kernelImages(weight: Value, block: number): Value | undefined {
  const source = weight.producer?.op === 'Reshape' ? weight.producer.inputs[0] : undefined;
  const [from, to] = [imageShape(source, block), staticShape(weight.shape)];
  const merged = from && [from[0] * from[1], 1, from[2], from[3]];
  return merged && to && isFloatImage(source, block) && sameShape(merged, to) ? source : undefined;
}

/**
 * Convolutions of all channels, or of each channel alone. Those whose weight outweighs their result (weight gradients are some) gain nothing,
 * except where the kernels are images that are blocked already. Where channels do not fill their blocks, that side of the convolution is plain.
 */
export const convolution: Lowering = {
  accepts: (node, block) => {
    const shapes = shapesOf(node);
    if (!shapes) return false;
    const images = isDepthwise(shapes) && kernelImages(inputOf(node, 1), block) !== undefined;
    if (!images && sizeOf(shapes.weight) > sizeOf(shapes.output)) return false;
    if (isDepthwise(shapes)) return imageShape(node.outputs[0], block) !== undefined;
    const { input, output, group } = shapes;
    return group === 1 && (input[1] < block || fills(input[1], block)) && fills(output[1], block);
  },
  leads: (node) => {
    const weight = shapeOf(inputOf(node, 1));
    return node.int('group', 1) === 1 || weight[2] * weight[3] > 1;
  },
  lower: (node, layouts) => {
    const { build } = layouts;
    const [x, weight, bias] = node.inputs as Value[];
    const { input, output, group } = shapesOf(node) as ConvolutionShapes;
    const attributes = Object.fromEntries(node.attributes);
    if (group > 1) {
      const images = kernelImages(weight, layouts.block);
      const kernels = images ? layouts.folded(layouts.blocked(images), shapeOf(weight)) : layouts.outputsLast(weight);
      const operands = [layouts.blocked(x), kernels, bias];
      layouts.define(outputOf(node), build.op('Conv', operands, attributes, BLOCKED_DOMAIN));
      return;
    }
    const fewInputs = input[1] < layouts.block;
    const missing = layouts.whole(output[1]) - output[1];
    const enlarged = layouts.enlargedWeight(weight, output[1] + missing, fewInputs ? input[1] : layouts.whole(input[1]));
    const operands = [
      fewInputs ? layouts.plain(x) : layouts.padded(x),
      fewInputs ? layouts.outputsLast(enlarged) : layouts.weight(enlarged),
      missing > 0 && bias ? build.op('Pad', [bias, build.ints([0, missing])]) : bias,
    ];
    const made = build.op('Conv', operands, attributes, BLOCKED_DOMAIN);
    if (missing === 0) layouts.define(outputOf(node), made);
    else layouts.replace(outputOf(node), build.op('ReorderOutput', [made], { channels: output[1] }, BLOCKED_DOMAIN));
  },
};

/** The convolution that made a blocked value, where it may still take in what comes after it: only `reader` is to see the value. */
function openConvolution(value: Value, reader: Node, layouts: Layouts): Node | undefined {
  if (!layouts.isBlocked(value) || !isReadOnlyBy(value, reader)) return undefined;
  const made = layouts.blocked(value);
  const { producer } = made;
  const open =
    producer?.domain === BLOCKED_DOMAIN && producer.op === 'Conv' && !producer.attributes.has('activation') && made.readers.size === 0;
  return open ? producer : undefined;
}

/** Lets the convolution before an activation apply it. @returns whether it could. */
export function absorbActivation(node: Node, layouts: Layouts): boolean {
  const [x] = node.inputs as Value[];
  const convolution = openConvolution(x, node, layouts);
  if (!convolution) return false;
  setActivation(convolution, activationOf(node));
  layouts.define(outputOf(node), layouts.blocked(x));
  return true;
}

function setActivation(convolution: Node, { activation, activation_params }: ReturnType<typeof activationOf>): void {
  convolution.attributes.set('activation', { type: 'string', value: activation });
  if (activation_params.length > 0) convolution.attributes.set('activation_params', { type: 'floats', value: activation_params });
}

function activationOf(node: Node): { activation: string; activation_params: number[] } {
  const params: Record<string, number[]> = {
    HardSigmoid: [node.float('alpha', 0.2), node.float('beta', 0.5)],
    LeakyRelu: [node.float('alpha', 0.01)],
  };
  return { activation: node.op, activation_params: lookup(params, node.op) ?? [] };
}

/** Lets a convolution whose result is added to something of the same shape start from that. @returns whether it could. */
export function absorbSum(node: Node, layouts: Layouts): boolean {
  const operands = node.inputs as Value[];
  for (const [index, addend] of operands.entries()) {
    const convolution = openConvolution(addend, node, layouts);
    if (!convolution || convolution.inputs[3]) continue;
    const other = layouts.blocked(operands[1 - index]);
    if (convolution.inputs.length < 3) convolution.setInput(2, undefined);
    convolution.setInput(3, other);
    layouts.define(outputOf(node), layouts.blocked(addend));
    return true;
  }
  return false;
}

/** Attributes of a blocked convolution that ends in a HardSigmoid. */
export function hardSigmoid(alpha: number, beta: number): Record<string, AttributeLike> {
  return { activation: 'HardSigmoid', activation_params: { type: 'floats', value: [alpha, beta] } };
}

/** An inference normalization is an affine function per channel. */
export const normalization: Lowering = {
  accepts: (node, block) =>
    node.int('training_mode', 0) === 0 && inputOf(node, 0).dtype === 'float32' && imageShape(node.outputs[0], block) !== undefined,
  lower: (node, layouts) => {
    const { build } = layouts;
    const [x, scale, bias, mean, variance] = node.inputs as Value[];
    const epsilon = build.scalar(node.float('epsilon', 1e-5));
    const slope = build.op('Div', [scale, build.op('Sqrt', [build.op('Add', [variance, epsilon])])]);
    const offset = build.op('Sub', [bias, build.op('Mul', [mean, slope])]);
    const weight = layouts.perChannel(slope, shapeOf(x)[1]);
    layouts.define(outputOf(node), layouts.affine(layouts.blocked(x), weight, offset));
  },
};
