import { type Node, Tensor } from '../../../onnx/index.js';
import type { ReadContext } from '../reading/context.js';
import { PADDINGS } from '../types.js';
import type { Builtin } from '../wire/builtins.js';
import type { WriteContext } from '../writing/context.js';
import { sameGrid } from '../writing/values.js';
import { writeImage } from './convolution.js';
import type { Family } from './entry.js';
import { awayFromZero } from './rounding.js';
import { samePads, writePadded } from './windows.js';

function readPool(context: ReadContext, op: string, extra: Readonly<Record<string, number>>): void {
  const options = context.options('Pool2DOptions');
  if (context.rank(0) !== 4) context.fail('The data is no image', 'rank 4', `${context.rank(0)}`);
  const kernel = [options.filterH, options.filterW];
  const strides = [options.strideH, options.strideW];
  if ([...kernel, ...strides].some((each) => !(each > 0))) context.fail('Strides and the window are at least 1');
  const sizes = context.info(0).shape?.slice(1, 3) ?? [];
  const isWhole = kernel.every((size, axis) => size === sizes[axis]) && PADDINGS[options.padding] === 'VALID';
  const data = context.real(0, 'other');
  const made = isWhole
    ? context.op(`Global${op}`, [data])
    : context.op(op, [data], { kernel_shape: kernel, strides, ...padsOf(sizes, options.padding, kernel, strides), ...extra });
  const { grid } = context.info(0);
  const rounded = op === 'AveragePool' && grid ? awayFromZero(context.build, made, kernel[0] * kernel[1], grid) : made;
  context.output(rounded, 'other', { activation: options.activation });
}

function padsOf(sizes: readonly number[], padding: number, kernel: readonly number[], strides: readonly number[]) {
  if (PADDINGS[padding] === 'VALID') return {};
  return sizes.every((size) => size > 0) ? { pads: samePads(sizes, kernel, strides, [1, 1]) } : { auto_pad: 'SAME_UPPER' };
}

function writePool(name: Builtin) {
  return (w: WriteContext, node: Node): void => {
    const rank = w.rank(0);
    if (rank !== 3 && rank !== 4) w.refuse(`it slides over ${rank - 2} dimensions, and 1 or 2 can be written`);
    if (node.outputs[1]) w.refuse('its second output, the places of the largest, is not to be had');
    if (node.ints('dilations', []).some((each) => each !== 1)) w.refuse('it has dilations');
    const row = rank === 3 ? [1] : [];
    const isGlobal = node.op.startsWith('Global');
    const sizes = [...row, ...w.shape(0).slice(2)];
    const kernel = isGlobal ? sizes : [...row, ...(node.ints('kernel_shape', []) as number[])];
    const strides = isGlobal ? [1, 1] : [...row, ...node.ints('strides', Array(rank - 2).fill(1))];
    const counts = node.op === 'AveragePool' && node.int('count_include_pad', 0) === 1;
    const value = name === 'MAX_POOL_2D' ? 'lowest' : counts ? 'zero' : 'none';
    const { input, padding } = writePadded(w, { kernel, strides, dilations: [1, 1], value });
    if (counts && PADDINGS[padding] === 'SAME') w.refuse('its average counts the border');
    const [, ...image] = w.writer.parts.tensors[input].shape;
    const made = outSizes(image.slice(0, 2), kernel, strides, PADDINGS[padding] === 'SAME');
    const wanted = [...row, ...w.writer.sizes(w.result).shape.slice(2)];
    if (made.some((size, axis) => size !== wanted[axis])) w.refuse('it rounds the number of windows up (ceil_mode)');
    const values = { padding, strideH: strides[0], strideW: strides[1], filterH: kernel[0], filterW: kernel[1], activation: w.activation };
    writeImage(w, rank, (facts) => w.writer.operator(name, [input], facts, { name: 'Pool2DOptions', values }));
  };
}

function outSizes(sizes: readonly number[], kernel: readonly number[], strides: readonly number[], same: boolean): number[] {
  return sizes.map((size, axis) => (same ? Math.ceil(size / strides[axis]) : Math.floor((size - kernel[axis]) / strides[axis]) + 1));
}

/** Kernels of averages keep the grid; where the result has one of its own, others are asked that round once. */
function kindOfAverage({ inputs: [data], outputs: [result] }: Node): 'free' | 'same' {
  return data?.shape?.length === 4 && result?.users.every(({ op }) => op === 'QuantizeLinear') ? 'free' : 'same';
}

function writeAverage(w: WriteContext, node: Node): void {
  const { grid } = w.ending;
  if (!w.isInteger || !grid || sameGrid(grid, w.grid(0))) writePool('AVERAGE_POOL_2D')(w, node);
  else if (node.op.startsWith('Global')) {
    const options = { name: 'ReducerOptions', values: { keepDims: true } } as const;
    w.emit('MEAN', [w.input(0, 'other'), w.list([1, 2], 'axes')], { layout: 'other', options });
  } else writeAverageAsProduct(w, node);
}

/** The average of each window as a product with equal weights, whose result has any grid. */
function writeAverageAsProduct(w: WriteContext, node: Node): void {
  const kernel = node.ints('kernel_shape', []) as number[];
  const strides = node.ints('strides', [1, 1]);
  const isPadded = node.string('auto_pad', 'NOTSET').startsWith('SAME') || node.ints('pads', []).some((pad) => pad !== 0);
  if ((isPadded && node.int('count_include_pad', 0) === 0) || node.int('ceil_mode', 0) !== 0)
    w.refuse('its windows have different numbers of elements');
  const [, channels] = w.shape(0);
  const { input, padding } = writePadded(w, { kernel, strides, dilations: [1, 1], value: 'zero' });
  const count = kernel[0] * kernel[1];
  const scale = Array.from({ length: channels }, () => Math.fround(1 / (127 * count)));
  const zeroPoint = scale.map(() => 0);
  const ones = Tensor.from('int8', [1, ...kernel, channels], new Float64Array(count * channels).fill(127));
  const weight = w.writer.constant(`${w.result.name}_weight`, ones, { scale, zeroPoint, axis: 3 });
  const steps = scale.map((each) => Math.fround(each * w.grid(0).scale));
  const bias = w.writer.constant(`${w.result.name}_bias`, Tensor.from('int32', [channels], zeroPoint), {
    scale: steps,
    zeroPoint,
    axis: 0,
  });
  const values = { padding, strideH: strides[0], strideW: strides[1], dilationH: 1, dilationW: 1, depthMultiplier: 1 };
  w.emit('DEPTHWISE_CONV_2D', [input, weight, bias], { layout: 'other', options: { name: 'DepthwiseConv2DOptions', values }, version: 3 });
}

const average = { integer: kindOfAverage, write: writeAverage } as const;
const largest = { integer: 'same', write: writePool('MAX_POOL_2D') } as const;

/** Windows that give their average or their largest number. */
export const pooling: Family = {
  AVERAGE_POOL_2D: {
    version: 3,
    read: (context) => readPool(context, 'AveragePool', { count_include_pad: 0 }),
    write: { AveragePool: average, GlobalAveragePool: average },
  },
  MAX_POOL_2D: { version: 3, read: (context) => readPool(context, 'MaxPool', {}), write: { MaxPool: largest, GlobalMaxPool: largest } },
};
