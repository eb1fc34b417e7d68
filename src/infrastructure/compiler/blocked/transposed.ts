import { sizeOf } from '../../../base/index.js';
import { type Node, staticShape, Tensor, tensorType, type Value } from '../../../onnx/index.js';
import { isDepthwise, shapesOf } from './convolutions.js';
import { BLOCKED_DOMAIN, isFloatImage, type Layouts, shapeOf } from './layout.js';
import { type Lowering, outputOf } from './lowering.js';

/** Transposed convolutions, as the gradients of strided ones are: of each channel alone, or of all channels. Neither has a blocked kernel of its own. */
export const transposedConvolution: Lowering = {
  accepts: (node, block) => {
    const shapes = shapesOf(node);
    if (!shapes || !isFloatImage(node.inputs[0], block) || !isFloatImage(node.outputs[0], block)) return false;
    if (isDepthwise(shapes)) return spreadsOf(node) !== undefined;
    return shapes.group === 1 && phasesOf(node) !== undefined;
  },
  leads: () => true,
  lower: (node, layouts) => (node.int('group', 1) > 1 ? lowerDepthwise(node, layouts) : lowerByPhases(node, layouts)),
};

interface Axis {
  readonly kernel: number;
  readonly stride: number;
  /** What is cut off before the result. */
  readonly pad: number;
  readonly input: number;
  readonly output: number;
}

/** Rows and columns of a transposed convolution in its usual form. */
function axesOf(node: Node): Axis[] | undefined {
  const [input, weight, output] = [node.inputs[0], node.inputs[1], node.outputs[0]].map((value) => staticShape(value?.shape));
  const pads = node.ints('pads', [0, 0, 0, 0]);
  const automatic = node.string('auto_pad', 'NOTSET') !== 'NOTSET' || node.attributes.has('output_shape');
  if (!input || !weight || !output || automatic || node.ints('dilations', []).some((dilation) => dilation !== 1)) return undefined;
  const strides = node.ints('strides', [1, 1]);
  return strides.map((stride, i) => ({ kernel: weight[i + 2], stride, pad: pads[i], input: input[i + 2], output: output[i + 2] }));
}

/** Per axis: rows or columns of zeros that go between two of the input's, and the border of a transposed convolution written as a convolution. */
interface Spread {
  readonly stride: number;
  readonly head: number;
  readonly tail: number;
}

function spreadsOf(node: Node): Spread[] | undefined {
  const spreads = axesOf(node)?.map(({ kernel, stride, pad, input, output }): Spread => {
    const head = kernel - 1 - pad;
    return { stride, head, tail: output + kernel - 1 - head - input * stride };
  });
  return spreads?.every(({ head, tail }) => head >= 0 && tail >= 0) ? spreads : undefined;
}

/**
 * Of each channel alone: a convolution with the mirrored kernels of an image with zeros between its positions. Most products are with those zeros, but a
 * depthwise convolution waits for memory rather than for them.
 */
function lowerDepthwise(node: Node, layouts: Layouts): void {
  const { build, block } = layouts;
  const [x, weight, bias] = node.inputs as Value[];
  const [rows, columns] = spreadsOf(node) as Spread[];
  const [batch, channels, height, width] = shapeOf(x);
  const lines = build.op('Reshape', [layouts.blocked(x), build.ints([(batch * channels * height) / block, 1, width, block])]);
  const pads = build.ints([0, 0, 0, 0, 0, rows.stride - 1, 0, (columns.stride - 1) * block]);
  const spread = layouts.folded(build.op('Pad', [lines, pads]), [batch, channels, height * rows.stride, width * columns.stride]);
  const [back, end] = [build.ints([-1, -1]), build.ints([-(2 ** 31), -(2 ** 31)])];
  const mirrored = build.op('Slice', [weight, back, end, build.ints([2, 3]), back]);
  mirrored.type = weight.type;
  const attributes = {
    group: channels,
    kernel_shape: shapeOf(weight).slice(2),
    pads: [rows.head, columns.head, rows.tail, columns.tail],
  };
  layouts.define(outputOf(node), build.op('Conv', [spread, layouts.outputsLast(mirrored), bias], attributes, BLOCKED_DOMAIN));
}

/**
 * Per axis: the results at positions of one remainder by the stride follow from the same taps of the kernel, so that each remainder, a phase, is a
 * convolution. All have windows of one size that begin at one place; a phase that has fewer taps has zeros.
 */
interface Phases {
  readonly stride: number;
  /** For each phase, then for each element of its window: the kernel's tap, undefined for a zero. */
  readonly taps: readonly (readonly (number | undefined)[])[];
  readonly window: number;
  /** Padding of the input before and behind it. */
  readonly head: number;
  readonly tail: number;
}

/** So much more work than the products that are not with zeros is still worth it: blocked convolutions are that much quicker. */
const WORTH = 2;

function phasesOf(node: Node): [Phases, Phases] | undefined {
  const axes = axesOf(node);
  const [rows, columns] = axes?.map(phasesOfAxis) ?? [];
  if (!axes || !rows || !columns) return undefined;
  const made = rows.stride * rows.window * columns.stride * columns.window;
  return made <= WORTH * axes[0].kernel * axes[1].kernel ? [rows, columns] : undefined;
}

/** Result stride * q + phase adds up taps k of inputs q + offset, where stride * offset = phase + pad - k. */
function phasesOfAxis({ kernel, stride, pad, input, output }: Axis): Phases | undefined {
  const offset = (phase: number, tap: number) => (phase + pad - tap) / stride;
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
  const offsets = numbers(stride).flatMap((phase) => numbers(kernel).map((tap) => offset(phase, tap)));
  const whole = offsets.filter(Number.isInteger);
  const [first, last] = [Math.min(...whole), Math.max(...whole)];
  const window = last - first + 1;
  const tail = output / stride + last - input;
  if (output % stride !== 0 || first > 0 || tail < 0) return undefined;
  const tapAt = (phase: number, at: number) => numbers(kernel).find((tap) => offset(phase, tap) === first + at);
  return { stride, window, head: -first, tail, taps: numbers(stride).map((phase) => numbers(window).map((at) => tapAt(phase, at))) };
}

/** Of all channels: one convolution that makes the channels of every phase, whose results then take turns along rows and columns. */
function lowerByPhases(node: Node, layouts: Layouts): void {
  const { build, block } = layouts;
  const [x, weight, bias] = node.inputs as Value[];
  const [rows, columns] = phasesOf(node) as [Phases, Phases];
  const [batch, channels, height, width] = shapeOf(outputOf(node));
  const phases = rows.stride * columns.stride;
  const operands = [
    layouts.blocked(x),
    layouts.weight(phaseWeight(layouts, weight, rows, columns)),
    bias && build.op('Concat', new Array<Value>(phases).fill(bias), { axis: 0 }),
  ];
  const attributes = { kernel_shape: [rows.window, columns.window], pads: [rows.head, columns.head, rows.tail, columns.tail] };
  const made = build.op('Conv', operands, attributes, BLOCKED_DOMAIN);
  const sides = [height / rows.stride, width / columns.stride];
  const apart = build.op('Reshape', [made, build.ints([batch, rows.stride, columns.stride, channels / block, ...sides, block])]);
  const inTurns = build.op('Transpose', [apart], { perm: [0, 3, 4, 1, 5, 2, 6] });
  layouts.define(outputOf(node), layouts.folded(inTurns, [batch, channels, height, width]));
}

/** The weight [C, M, h, w] of a transposed convolution as that of its phases: [phases * M, C, …windows]. */
function phaseWeight({ build }: Layouts, weight: Value, rows: Phases, columns: Phases): Value {
  const [inputs, outputs, ...kernel] = shapeOf(weight);
  const size = sizeOf(kernel);
  // The tap behind the last is the zero.
  const taps = rows.taps.flatMap((down) =>
    columns.taps.flatMap((across) =>
      down.flatMap((y) => across.map((x) => (y === undefined || x === undefined ? size : y * kernel[1] + x))),
    ),
  );
  const flat = build.op('Reshape', [weight, build.ints([inputs, outputs, size])]);
  const padded = build.op('Pad', [flat, build.ints([0, 0, 0, 0, 0, 1])]);
  const picked = build.op('Gather', [padded, build.constant(Tensor.from('int64', [taps.length], taps))], { axis: 2 });
  const phases = rows.stride * columns.stride;
  const windows = [rows.window, columns.window];
  const split = build.op('Reshape', [picked, build.ints([inputs, outputs, phases, sizeOf(windows)])]);
  const ordered = build.op('Transpose', [split], { perm: [2, 1, 0, 3] });
  const shape = [phases * outputs, inputs, ...windows];
  const made = build.op('Reshape', [ordered, build.ints(shape)]);
  made.type = tensorType('float32', shape);
  return made;
}
