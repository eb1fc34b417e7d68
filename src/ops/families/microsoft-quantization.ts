import { sizeOf } from '../../base/index.js';
import { addDims, type Dim, tensorType } from '../../onnx/index.js';
import type { Family, InferContext, InferRule } from '../rule.js';
import { normalizeAxis } from '../shared/axes.js';
import { broadcastInputs } from '../shared/broadcast.js';
import { convolutionMacs, convolutionShape } from '../shared/convolution.js';
import { matMulProduct } from '../shared/products.js';
import { productMacs, productShape } from '../shared/quantized.js';
import { globalPoolShape, poolShape } from './pooling.js';
import { integerRule, quantization } from './quantization.js';
import { recurrent } from './recurrent.js';

/** Inputs 0 and 3 (each followed by its scale and zero point) broadcast. */
const inferBinary: InferRule = (context) => [{ type: tensorType(context.dtype(0), broadcastInputs(context, [0, 3])) }];

/** Input 0 is followed by its scale and zero point. */
const inferUnary: InferRule = (context) => [{ type: tensorType(context.dtype(0), context.shape(0)) }];

/** Inputs from 2 on are triples of data, scale and zero point. */
const inferConcat: InferRule = (context) => {
  const data = context.node.inputs.flatMap((_, index) => (index >= 2 && (index - 2) % 3 === 0 ? [index] : []));
  const dtype = context.dtype(1) ?? context.dtype(2);
  const shapes = data.map((index) => context.shape(index));
  const first = shapes.find((shape) => shape);
  if (!first || shapes.some((shape) => !shape)) return [{ type: tensorType(dtype) }];
  const axis = normalizeAxis(context.node, context.node.int('axis', 0), first.length);
  const total = shapes.reduce<Dim>((sum, shape) => addDims(sum, (shape as readonly Dim[])[axis]), 0);
  return [
    {
      type: tensorType(
        dtype,
        first.map((dim, each) => (each === axis ? total : dim)),
      ),
    },
  ];
};

/** Shape rules here are written for channels in axis 1; with channels last nothing is said. */
function channelsFirst(shape: (context: InferContext) => readonly Dim[] | undefined): InferRule {
  return (context) => {
    const known = context.node.int('channels_last', 0) === 1 ? undefined : shape(context);
    return [{ type: tensorType(context.dtype(0), known) }];
  };
}

/** [M, N] of a product of matrices that may be transposed. */
const inferGemm: InferRule = (context) => {
  const { node } = context;
  const [a, b] = [context.shape(0), context.shape(3)];
  const rows = a?.[node.int('transA', 0) === 1 ? 1 : 0];
  const columns = b?.[node.int('transB', 0) === 1 ? 0 : 1];
  // With a scale for the output it is quantized, without it is float.
  const dtype = context.has(7) ? (context.dtype(8) ?? context.dtype(0)) : 'float32';
  return [{ type: tensorType(dtype, rows !== undefined && columns !== undefined ? [rows, columns] : undefined) }];
};

const inferFloatProduct: InferRule = (context) => [{ type: tensorType('float32', productShape(context, 0, 1)) }];

/** A product with a weight of N rows of K elements in 4 or 8 bits. */
const inferBlocks: InferRule = (context) => {
  const shape = context.shape(0);
  return [{ type: tensorType(context.dtype(0), shape && [...shape.slice(0, -1), context.node.int('N', 0)]) }];
};

export const microsoftQuantization: Family = {
  QuantizeLinear: quantization.QuantizeLinear,
  DequantizeLinear: quantization.DequantizeLinear,
  QLinearAdd: integerRule(inferBinary),
  QLinearMul: integerRule(inferBinary),
  QLinearConcat: integerRule(inferConcat),
  QLinearLeakyRelu: integerRule(inferUnary),
  QLinearSigmoid: integerRule(inferUnary),
  QLinearSoftmax: integerRule(inferUnary),
  QLinearAveragePool: integerRule(channelsFirst(poolShape)),
  QLinearGlobalAveragePool: integerRule(channelsFirst((context) => globalPoolShape(context.shape(0)))),
  QLinearConv: integerRule(
    channelsFirst((context) => convolutionShape(context, 0, 3)),
    (context) => convolutionMacs(context, 3),
  ),
  QGemm: integerRule(inferGemm, (context) => {
    const a = context.input(0);
    return sizeOf(context.output(0)) * a[context.node.int('transA', 0) === 1 ? 0 : 1];
  }),
  DynamicQuantizeMatMul: { ...integerRule(inferFloatProduct, (context) => productMacs(context, 0)), traits: { product: matMulProduct(1) } },
  MatMulIntegerToFloat: { ...integerRule(inferFloatProduct, (context) => productMacs(context, 0)), traits: { product: matMulProduct(1) } },
  MatMulNBits: integerRule(inferBlocks, (context) => productMacs(context, 0)),
  // W and R are stored [directions, inputs, gates * H] here.
  DynamicQuantizeLSTM: integerRule(
    (context) =>
      recurrent.LSTM.infer({ ...context, shape: (index) => (index === 2 ? hiddenLast(context.shape(2)) : context.shape(index)) }),
    (context) => {
      const [sequence, batch, inputs] = context.input(0);
      const [directions, hidden, gates] = context.input(2);
      return sequence * batch * directions * gates * (inputs + hidden);
    },
  ),
};

function hiddenLast(shape: readonly Dim[] | undefined): readonly Dim[] | undefined {
  return shape && [shape[0], shape[2], shape[1]];
}
