import { sizeOf } from '../../../base/index.js';
import { type Node, type Operand, Tensor, type Value } from '../../../onnx/index.js';
import { transposedPadding, transposedWindows } from '../../../ops/index.js';
import { channelsSecond, permuted } from '../layout.js';
import type { ReadContext } from '../reading/context.js';
import type { TensorInfo } from '../reading/document.js';
import { PADDINGS } from '../types.js';
import type { WriteContext } from '../writing/context.js';
import type { Family } from './entry.js';
import { writeBias, writeWeight } from './weights.js';
import { beginsThenEnds, samePads, writePadded } from './windows.js';

interface WindowOptions {
  padding: number;
  strideW: number;
  strideH: number;
}

/**
 * A weight as ONNX wants it: a constant is stored with its axes in that order, integers with their scales along `axis` of the result; one that is computed is moved
 * when it runs.
 */
export function weightOf(context: ReadContext, index: number, order: readonly number[], shape?: readonly number[]): Value {
  const { build, values } = context;
  const info = context.info(index);
  const source = values.constantOf(info);
  if (!source?.contents) {
    const moved = build.op('Transpose', [context.real(index)], { perm: order });
    return shape ? build.op('Reshape', [moved, build.ints(shape)]) : moved;
  }
  const moved = permuted(source.contents, order);
  const constant = build.parameter(nameOf(info), shape ? moved.reshape(shape) : moved);
  if (source.dtype === 'float16') return build.op('Cast', [constant], { to: 1 });
  if (!source.grid || source.dtype === 'float32') return constant;
  return values.dequantized(constant, source.grid, source.dtype, order.indexOf(source.grid.axis));
}

/** Names of weights: files join the names of all layers that they were made of. */
export function nameOf({ name }: TensorInfo): string {
  return name.split(';')[0] || 'weight';
}

/**
 * A bias: in integers it lies on the grid of the products, whatever scale the file gives it, for that is what kernels take it for.
 */
export function biasOf(context: ReadContext, index: number, data: TensorInfo, weight: TensorInfo): Operand {
  const info = context.inputs[index];
  if (!info) return undefined;
  const { values, build } = context;
  const source = values.constantOf(weight) ?? weight;
  if (!info.contents || info.dtype === 'float32' || !data.grid || !source.grid) return context.real(index);
  const scale = source.grid.scale.map((each) => Math.fround(each * (data.grid?.scale[0] ?? 1)));
  if (info.dtype === 'int32')
    return values.dequantized(build.parameter(nameOf(info), info.contents), { scale, zeroPoint: scale.map(() => 0), axis: 0 }, 'int32', 0);
  const numbers = [...info.contents.numbers()].map((each, i) => each * scale[scale.length === 1 ? 0 : i]);
  return build.parameter(nameOf(info), Tensor.from('float32', [...info.contents.shape], numbers));
}

/** Pads as ONNX says them: by numbers where the sizes are known, else by the rule. */
function padding(context: ReadContext, options: WindowOptions, kernel: readonly number[], dilations: readonly number[]) {
  const kind = PADDINGS[options.padding];
  if (kind === 'VALID') return {};
  const sizes = context.info(0).shape?.slice(1, 3) ?? [];
  if (sizes.length < 2 || sizes.some((size) => size < 0)) return { auto_pad: 'SAME_UPPER' };
  return { pads: samePads(sizes, kernel, [options.strideH, options.strideW], dilations) };
}

function readConvolution(
  context: ReadContext,
  options: WindowOptions & { activation: number; dilationW: number; dilationH: number },
  depthwise: boolean,
): void {
  if (context.rank(0) !== 4 || context.rank(1) !== 4)
    context.fail('Data or filter is no image', 'rank 4', `${context.rank(0)} and ${context.rank(1)}`);
  const filter = context.info(1);
  const [, height, width] = filter.shape ?? [];
  const channels = (context.info(0).shape ?? [])[3] ?? -1;
  const [outputs, inputs] = depthwise ? [filter.shape?.[3] ?? 0, 1] : [filter.shape?.[0] ?? 0, filter.shape?.[3] ?? 0];
  if (channels <= 0 || inputs <= 0 || channels % inputs !== 0 || outputs <= 0)
    context.fail('The filter does not fit the channels of the data', `a multiple of ${inputs} channels`, `${channels}`);
  const group = depthwise ? channels : channels / inputs;
  const dilations = [options.dilationH, options.dilationW];
  const strides = [options.strideH, options.strideW];
  if ([...dilations, ...strides, height, width].some((each) => !(each > 0)))
    context.fail('Strides, dilations and the window are at least 1');
  const weight = depthwise ? weightOf(context, 1, [3, 0, 1, 2]) : weightOf(context, 1, channelsSecond(4));
  const made = context.op('Conv', [context.real(0, 'other'), weight, biasOf(context, 2, context.info(0), filter)], {
    kernel_shape: [height, width],
    strides,
    dilations,
    group,
    ...padding(context, options, [height, width], dilations),
  });
  context.output(made, 'other', { activation: options.activation });
}

function readTransposed(context: ReadContext): void {
  const options = context.options('TransposeConvOptions');
  const filter = context.info(1);
  const [channels, height, width, inputs] = filter.shape ?? [];
  const wanted = context.integers(0, 'The sizes of the result');
  const data = context.info(2);
  const sizes = data.shape?.slice(1, 3) ?? [];
  if (wanted.length !== 4 || filter.shape?.length !== 4 || data.shape?.length !== 4 || data.shape[3] !== inputs || wanted[3] !== channels)
    context.fail('Sizes, filter and data do not fit together');
  if (sizes.some((size) => size < 0)) context.refuse('the size of its data is open');
  const strides = [options.strideH, options.strideW];
  const kernel = [height, width];
  const pads = PADDINGS[options.padding] === 'SAME' ? samePads(wanted.slice(1, 3), kernel, strides, [1, 1]) : [0, 0, 0, 0];
  const beyond = [0, 1].map((axis) => wanted[1 + axis] - (strides[axis] * (sizes[axis] - 1) + kernel[axis] - pads[axis] - pads[axis + 2]));
  if (beyond.some((each, axis) => each < 0 || each >= Math.max(strides[axis], 1)))
    context.fail('The size of the result cannot be', undefined, `[${wanted}]`);
  const made = context.op(
    'ConvTranspose',
    [context.real(2, 'other'), weightOf(context, 1, [3, 0, 1, 2]), biasOf(context, 3, data, filter)],
    {
      kernel_shape: kernel,
      strides,
      pads,
      output_padding: beyond,
    },
  );
  context.output(made, 'other', { activation: options.activation });
}

/** A convolution over images, or over rows as over images of height 1. */
function writeConvolution(w: WriteContext, node: Node): void {
  const rank = w.rank(0);
  if (rank !== 3 && rank !== 4) w.refuse(`it convolves ${rank - 2} dimensions, and 1 or 2 can be written`);
  const weight = w.value(1).shape as readonly number[];
  const channels = w.shape(0)[1];
  const group = node.int('group', 1);
  const isDepthwise = group === channels && weight[1] === 1 && group > 1;
  const row = rank === 3 ? [1] : [];
  const kernel = [...row, ...weight.slice(2)];
  const strides = [...row, ...node.ints('strides', Array(rank - 2).fill(1))];
  const dilations = [...row, ...node.ints('dilations', Array(rank - 2).fill(1))];
  const { input, padding } = writePadded(w, { kernel, strides, dilations, value: 'zero' });
  const order = isDepthwise ? [1, 2, 3, 0] : [0, 2, 3, 1];
  const inputs = [
    input,
    writeWeight(w, 1, order, (tensor) => tensor.reshape([weight[0], weight[1], ...kernel])),
    writeBias(w, 2, weight[0], 1),
  ];
  const common = {
    padding,
    strideH: strides[0],
    strideW: strides[1],
    dilationH: dilations[0],
    dilationW: dilations[1],
    activation: w.activation,
  };
  const version = w.isInteger ? 3 : isDepthwise && sizeOf(dilations) > 1 ? 2 : 1;
  writeImage(w, rank, (facts) =>
    isDepthwise
      ? w.writer.operator(
          'DEPTHWISE_CONV_2D',
          inputs,
          facts,
          { name: 'DepthwiseConv2DOptions', values: { ...common, depthMultiplier: weight[0] / channels } },
          version,
        )
      : w.writer.operator('CONV_2D', inputs, facts, { name: 'Conv2DOptions', values: common }, version),
  );
}

/** Makes an image, which becomes a row again where the node makes rows. */
export function writeImage(w: WriteContext, rank: number, make: (facts: ReturnType<WriteContext['facts']>) => number): void {
  const facts = w.facts('other');
  if (rank === 4) {
    w.hold(make(facts), 'other');
    return;
  }
  const tall = <T>(sizes: readonly T[], one: T) => [sizes[0], one, ...sizes.slice(1)];
  const image = make({
    ...facts,
    name: `${facts.name}_image`,
    shape: tall(facts.shape, 1),
    signature: tall(facts.signature ?? facts.shape, 1),
  });
  w.hold(w.writer.reshaped(image, facts), 'other');
}

function writeTransposed(w: WriteContext, node: Node): void {
  if (w.rank(0) !== 4 || node.int('group', 1) !== 1) w.refuse('only images and one group can be written');
  if (node.ints('dilations', []).some((each) => each !== 1)) w.refuse('it has dilations');
  const weight = w.value(1).shape as readonly number[];
  const strides = node.ints('strides', [1, 1]);
  const facts = w.facts('other');
  const [, height, width] = facts.shape;
  const kernel = weight.slice(2);
  const pads = beginsThenEnds(transposedWindows(node, kernel).map((window, axis) => transposedPadding(window, w.shape(0)[2 + axis])));
  const same = samePads([height, width], kernel, strides, [1, 1]);
  const isValid = pads.every((pad) => pad === 0);
  if (!isValid && !pads.every((pad, i) => pad === same[i])) w.refuse('its pads are neither none nor those of SAME');
  if ((facts.signature ?? [])[0] === -1) w.refuse('the number of samples is open, and its result has a fixed size; give --shape');
  const inputs = [w.list(facts.shape), writeWeight(w, 1, [1, 2, 3, 0]), w.input(0, 'other')];
  if (w.has(2)) inputs.push(writeBias(w, 2, weight[1], 1));
  const values = { padding: PADDINGS.indexOf(isValid ? 'VALID' : 'SAME'), strideH: strides[0], strideW: strides[1] };
  w.hold(
    w.writer.operator('TRANSPOSE_CONV', inputs, facts, { name: 'TransposeConvOptions', values }, w.has(2) ? 3 : w.isInteger ? 2 : 1),
    'other',
  );
}

const weighted = { integer: 'free', weights: [1, 2] } as const;

/** Convolutions. */
export const convolution: Family = {
  CONV_2D: {
    version: 8,
    read: (context) => readConvolution(context, context.options('Conv2DOptions'), false),
    write: { Conv: { ...weighted, fuses: true, write: writeConvolution } },
  },
  DEPTHWISE_CONV_2D: {
    version: 7,
    read: (context) => readConvolution(context, context.options('DepthwiseConv2DOptions'), true),
  },
  TRANSPOSE_CONV: { version: 5, read: readTransposed, write: { ConvTranspose: { ...weighted, write: writeTransposed } } },
};
