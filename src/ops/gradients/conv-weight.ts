import { sizeOf } from '../../base/index.js';
import type { GraphBuilder, Value } from '../../onnx/index.js';
import { padWithZeros, reshapeTo, sliceAxis } from '../shared/gradients.js';
import { elementsMet, type Span, tailOf } from './windows.js';

export interface WeightGradientOperands {
  /** What the windows slide over: [N, C, …]. */
  readonly data: Value;
  /** One number per window position and output channel: [N, M, …outputs]. */
  readonly upstream: Value;
  readonly spans: readonly Span[];
  readonly group: number;
  /** Static shape of `data`. */
  readonly dataShape: readonly number[];
  /** [M, C / group, …kernel]. */
  readonly weightShape: readonly number[];
}

/** Products that one output element of the correlation sums up: enough to keep a matrix kernel busy, few enough to stay in its cache. */
const SUM_LENGTH = 1024;

/** Up to so many channels are joined rather than transposed: for the three of a photo ONNX Runtime takes a fifth of the time. */
const FEW_CHANNELS = 4;

/** So many times the channels, and the work, groups that run side by side are worth. */
const MORE_CHANNELS = 3;

/**
 * The correlation of data and upstream gradient, which is a convolution of its own: images are its channels, the gradient is its kernel,
 * strides and dilations change places, and the data's channels lie side by side along the last axis, so that one row of the kernel's steps
 * meets all of them. Measured to be faster than im2col and one matrix product for kernels beyond 1×1, on 2 cores.
 *
 * Images are taken in `parts` of N / parts each, as groups of that convolution, so that its sums stay short; the parts are added at the end.
 */
export function weightGradient(build: GraphBuilder, operands: WeightGradientOperands): Value {
  const { weightShape, group } = operands;
  if (group === 1 && operands.spans.every((span) => span.kernel === 1)) return pointwiseGradient(build, operands);
  const [outputs, inputs, ...kernel] = weightShape;
  const parts = partsOf(operands);
  const fewest = Math.ceil(outputs / sizeOf(kernel));
  if (group === 1 && parts > 1 && inputs < fewest && fewest <= MORE_CHANNELS * inputs) return withMoreChannels(build, operands, fewest);
  const correlated = build.op(
    'Conv',
    [channelsLast(build, operands, parts), gradientKernel(build, operands, parts)],
    attributesOf(operands, parts),
  );
  const rows = tapsOfLastAxis(build, correlated, operands, parts);
  const summed = parts === 1 ? rows : build.op('ReduceSum', [rows, build.ints([0])], { keepdims: 0 });
  const taps = sizeOf(kernel);
  if (inputs === 1) return reshapeTo(build, summed, weightShape);
  const channelsFirst = build.op('Transpose', [reshapeTo(build, summed, [outputs, taps, inputs])], { perm: [0, 2, 1] });
  return reshapeTo(build, channelsFirst, weightShape);
}

/**
 * ONNX Runtime computes the groups of a convolution side by side only where it makes at least as many numbers of each channel as there are channels:
 * here, a kernel for each input channel. Where those are few, as in a first layer, there are channels of zeros beside them.
 */
function withMoreChannels(build: GraphBuilder, operands: WeightGradientOperands, channels: number): Value {
  const { data, dataShape, weightShape } = operands;
  const [batch, inputs, ...sides] = dataShape;
  const none = dataShape.map(() => 0);
  const padded = padWithZeros(build, data, none, [0, channels - inputs, ...sides.map(() => 0)]);
  const [outputs, , ...kernel] = weightShape;
  const wider = { ...operands, data: padded, dataShape: [batch, channels, ...sides], weightShape: [outputs, channels, ...kernel] };
  return sliceAxis(build, weightGradient(build, wider), 1, 0, inputs);
}

/**
 * Parts of the batch: sums as long as SUM_LENGTH, and results (one weight each) that stay small beside the activations. Where each channel is by
 * itself, each image is too: then nothing has to be moved, and blocked images can stay blocked.
 */
function partsOf(operands: WeightGradientOperands): number {
  const { spans, dataShape, weightShape } = operands;
  const [batch, channels] = dataShape;
  if (isDepthwise(operands)) return batch;
  const positions = sizeOf(spans.map((span) => span.output));
  const most = Math.max(1, (batch * positions * (channels + weightShape[0])) / (4 * sizeOf(weightShape)));
  const divisors = Array.from({ length: batch }, (_, i) => i + 1).filter((count) => batch % count === 0 && count <= most);
  return divisors.find((count) => (batch / count) * positions <= SUM_LENGTH) ?? divisors[divisors.length - 1];
}

/** The data as [1, parts * group * N / parts, …spatial, last * C / group]. */
function channelsLast(build: GraphBuilder, { data, spans, group, dataShape, weightShape }: WeightGradientOperands, parts: number): Value {
  const [batch, channels] = dataShape;
  const inputs = weightShape[1];
  // Elements behind the last window would make the result larger.
  const cut = [0, 0, ...spans.map((span) => Math.min(0, tailOf(span)))];
  const used = padWithZeros(
    build,
    data,
    cut.map(() => 0),
    cut,
  );
  const spatial = spans.map((span) => span.input + Math.min(0, tailOf(span)));
  const perPart = batch / parts;
  const joined = [1, batch * group, ...spatial.slice(0, -1), spatial[spatial.length - 1] * inputs];
  if (inputs === 1 && perPart === 1) return reshapeTo(build, used, joined);
  if (group === 1 && inputs > 1 && inputs <= FEW_CHANNELS) {
    const columns = reshapeTo(build, used, [batch, inputs, sizeOf(spatial), 1]);
    const parted = build.node('Split', [columns, build.ints(new Array<number>(inputs).fill(1))], { axis: 1 }, { outputs: inputs });
    return reshapeTo(build, build.op('Concat', parted, { axis: 3 }), joined);
  }
  if (group === 1) {
    const perm = [0, ...spatial.map((_, axis) => axis + 2), 1];
    return reshapeTo(build, build.op('Transpose', [used], { perm }), joined);
  }
  const split = reshapeTo(build, used, [parts, perPart, group, channels / group, sizeOf(spatial)]);
  return reshapeTo(build, build.op('Transpose', [split], { perm: [0, 2, 1, 4, 3] }), joined);
}

/** The upstream gradient as a kernel [parts * M, N / parts, …outputs], channels of one group side by side. */
function gradientKernel(build: GraphBuilder, { upstream, spans, dataShape, weightShape }: WeightGradientOperands, parts: number): Value {
  const perPart = dataShape[0] / parts;
  const outputs = spans.map((span) => span.output);
  const whole = [parts * weightShape[0], perPart, ...outputs];
  if (perPart === 1) return reshapeTo(build, upstream, whole);
  const split = reshapeTo(build, upstream, [parts, perPart, weightShape[0], sizeOf(outputs)]);
  return reshapeTo(build, build.op('Transpose', [split], { perm: [0, 2, 1, 3] }), whole);
}

function attributesOf({ spans, group, weightShape }: WeightGradientOperands, parts: number) {
  const inputs = weightShape[1];
  const last = spans.length - 1;
  const along = (axis: number) => (axis === last ? inputs : 1);
  return {
    kernel_shape: spans.map((span) => span.output),
    // The last axis holds channels between its positions: it is taken whole and thinned out afterwards, where it is dilated.
    strides: spans.map((span, axis) => (axis === last && inputs > 1 ? 1 : span.dilation)),
    dilations: spans.map((span, axis) => span.stride * along(axis)),
    pads: [...spans.map((span, axis) => span.head * along(axis)), ...spans.map((span, axis) => Math.max(0, tailOf(span)) * along(axis))],
    group: parts * group,
  };
}

/** The correlation as [parts, M, …kernel, C / group]. */
function tapsOfLastAxis(build: GraphBuilder, correlated: Value, { spans, weightShape }: WeightGradientOperands, parts: number): Value {
  const [outputs, inputs, ...kernel] = weightShape;
  const result = [parts, outputs, ...kernel, inputs];
  const { dilation } = spans[spans.length - 1];
  if (dilation === 1 || inputs === 1) return reshapeTo(build, correlated, result);
  const reach = dilation * (kernel[kernel.length - 1] - 1) + 1;
  const dense = reshapeTo(build, correlated, [parts, outputs, ...kernel.slice(0, -1), reach, inputs]);
  const axis = build.ints([kernel.length + 1]);
  return build.op('Slice', [dense, build.ints([0]), build.ints([reach]), axis, build.ints([dilation])]);
}

/**
 * A 1×1 convolution is a matrix product for each image, and so is its gradient: [M, positions] times [positions, C], summed over images.
 * Where that sum would be larger than the activations, all images' positions are joined first.
 */
function pointwiseGradient(build: GraphBuilder, { data, upstream, spans, dataShape, weightShape }: WeightGradientOperands): Value {
  const [outputs, inputs] = weightShape;
  const [batch] = dataShape;
  const positions = sizeOf(spans.map((span) => span.output));
  const rows = reshapeTo(build, upstream, [batch, outputs, positions]);
  // ONNX Runtime takes a transpose of the last two axes into the product.
  const columns = build.op('Transpose', [reshapeTo(build, elementsMet(build, data, spans), [batch, inputs, positions])], {
    perm: [0, 2, 1],
  });
  if (2 * outputs * inputs <= positions * (outputs + inputs)) {
    const products = build.op('MatMul', [rows, columns]);
    return reshapeTo(build, build.op('ReduceSum', [products, build.ints([0])], { keepdims: 0 }), weightShape);
  }
  const joinedRows = reshapeTo(build, build.op('Transpose', [rows], { perm: [1, 0, 2] }), [outputs, batch * positions]);
  return reshapeTo(build, build.op('MatMul', [joinedRows, reshapeTo(build, columns, [batch * positions, inputs])]), weightShape);
}

/** Whether each channel makes one channel. */
function isDepthwise({ group, weightShape }: WeightGradientOperands): boolean {
  return group > 1 && weightShape[0] === group && weightShape[1] === 1;
}
