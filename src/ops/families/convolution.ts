import { sizeOf } from '../../base/index.js';
import { multiplyDims, type Node, staticShape, subtractDims, tensorType } from '../../onnx/index.js';
import { convGradient } from '../gradients/conv.js';
import { convTransposeGradient } from '../gradients/conv-transpose.js';
import { type Family, type InferRule, refuses } from '../rule.js';
import {
  checkSize,
  convolutionMacs,
  convolutionShape,
  coupleConvolution,
  coupleTransposed,
  fittingSize,
  kernelOf,
} from '../shared/convolution.js';
import { convolutionProduct, transposedProduct } from '../shared/products.js';
import { convolutionWindows, transposedSize, transposedWindows } from '../shared/windows.js';
import { withTraits } from '../with-traits.js';

const inferConv: InferRule = (context) => [{ type: tensorType(context.dtype(0) ?? context.dtype(1), convolutionShape(context, 0, 1)) }];

const inferTransposed: InferRule = (context) => {
  const x = context.shape(0);
  const w = context.shape(1);
  const dtype = context.dtype(0) ?? context.dtype(1);
  const kernel = kernelOf(context, w);
  if (!x || !w || !kernel) return [{ type: tensorType(dtype) }];
  checkSize(context, "The data's channels do not fit the weight", w[0], x[1]);
  checkSize(context, 'Data and weight have different ranks', x.length, w.length);
  const windows = transposedWindows(context.node, kernel);
  const spatial = windows.map((window, axis) => fittingSize(context, transposedSize(window, x[axis + 2]), x[axis + 2]));
  return [{ type: tensorType(dtype, [x[0], multiplyDims(w[1], context.node.int('group', 1)), ...spatial]) }];
};

const inferCausal: InferRule = (context) => {
  const type = context.type(0);
  const x = context.shape(0);
  const kernel = context.shape(1)?.[2];
  const state = x && kernel !== undefined ? [x[0], x[1], subtractDims(kernel, 1)] : context.shape(3);
  return [type && { type }, { type: tensorType(context.dtype(0), state) }];
};

const outputChannels = (node: Node): number => (node.op === 'ConvTranspose' ? 1 : 0);

const groups = (node: Node): number => node.int('group', 1);

const rules = {
  Conv: {
    infer: inferConv,
    macs: (context) => convolutionMacs(context, 1),
    gradient: convGradient,
    coupling: (context) =>
      coupleConvolution(context, {
        data: context.input(0),
        weight: context.input(1),
        output: context.output(),
        perOutput: context.has(2) ? [context.input(2)] : [],
      }),
    quantization: { kind: 'weighted', activations: [0], weight: 1, axis: outputChannels, bias: 2 },
    upgrades: {},
  },
  ConvTranspose: {
    infer: inferTransposed,
    // Every input element is spread over one window of M / group channels.
    macs: (context) => sizeOf(context.input(0)) * sizeOf(context.input(1).slice(1)),
    gradient: convTransposeGradient,
    coupling: (context) =>
      coupleTransposed(context, {
        data: context.input(0),
        weight: context.input(1),
        output: context.output(),
        perOutput: context.has(2) ? [context.input(2)] : [],
      }),
    // The weight's axis 1 counts channels of one group, the bias all of them, so in groups they have no common scale: the bias stays in float.
    quantization: { kind: 'weighted', activations: [0], weight: 1, axis: outputChannels },
    upgrades: {},
  },
  DeformConv: {
    infer: inferConv,
    macs: (context) => convolutionMacs(context, 1),
    gradient: refuses('the gradient of sampling at learned offsets is not written'),
    coupling: refuses('its offsets belong to groups of channels'),
    quantization: { kind: 'float' },
    upgrades: {},
  },
  CausalConvWithState: {
    infer: inferCausal,
    macs: (context) => sizeOf(context.output(0)) * context.input(1)[2],
    gradient: refuses('it is a step of inference that carries a state'),
    coupling: (context) => {
      const channels = { value: context.output(), axis: 1 };
      context.tie({ value: context.input(0), axis: 1 }, channels);
      context.tie({ value: context.input(1), axis: 0 }, channels);
      if (context.has(2)) context.tie({ value: context.input(2), axis: 0 }, channels);
      if (context.has(3)) context.tie({ value: context.input(3), axis: 1 }, channels);
      if (context.node.outputs[1]) context.tie({ value: context.output(1), axis: 1 }, channels);
    },
    quantization: { kind: 'float' },
    upgrades: {},
  },
} satisfies Family;

export const convolution = withTraits(rules, {
  Conv: {
    channels: 'second',
    layer: { kind: 'kernel', weight: 1, bias: 2, outputs: () => 0, inputs: () => 1, groups },
    product: convolutionProduct(1),
    slides: (node) => {
      const kernel = staticShape(node.inputs[1]?.shape)?.slice(2);
      return kernel && convolutionWindows(node, kernel);
    },
  },
  ConvTranspose: {
    channels: 'second',
    layer: { kind: 'spread', weight: 1, bias: 2, outputs: () => 1, inputs: () => 0, groups },
    product: transposedProduct,
  },
});
