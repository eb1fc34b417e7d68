import type { NodeCase } from '../../conformance/node-cases.js';
import { operatorsOf } from './node-cases.js';

/** The operators that compiled code is to know, by family. */
const families: Readonly<Record<string, string>> = {
  products: 'MatMul Gemm Einsum Conv ConvTranspose',
  pools: 'AveragePool MaxPool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool',
  arithmetic: 'Add Sub Mul Div Mod Pow Neg Abs Sign Reciprocal Sqrt Exp Log Erf Ceil Floor Round Min Max Sum Mean Clip BitShift',
  bits: 'BitwiseAnd BitwiseOr BitwiseXor BitwiseNot And Or Xor Not Equal Greater GreaterOrEqual Less LessOrEqual IsInf IsNaN Where',
  trigonometry: 'Sin Cos Tan Asin Acos Atan Sinh Cosh Tanh Asinh Acosh Atanh',
  activations:
    'Relu LeakyRelu PRelu Elu Selu Celu Gelu Sigmoid HardSigmoid HardSwish Swish Mish Softplus Softsign Shrink ThresholdedRelu Softmax LogSoftmax Hardmax',
  normalizations:
    'BatchNormalization InstanceNormalization LayerNormalization GroupNormalization RMSNormalization LpNormalization MeanVarianceNormalization LRN Dropout',
  reductions:
    'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare ArgMax ArgMin TopK CumSum CumProd',
  sequences: 'LSTM GRU RNN Attention RotaryEmbedding',
  shapes:
    'Reshape Transpose Slice Concat Split Pad Gather GatherElements GatherND Scatter ScatterElements ScatterND Expand Tile OneHot Range ConstantOfShape DepthToSpace SpaceToDepth Flatten Squeeze Unsqueeze Identity Cast CastLike Shape Size Constant EyeLike Trilu ReverseSequence Resize Upsample If',
  quantization: 'QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearConv QLinearMatMul ConvInteger MatMulInteger',
  audio: 'DFT STFT HannWindow HammingWindow BlackmanWindow MelWeightMatrix',
};

const operators = new Set(Object.values(families).flatMap((names) => names.split(' ')));

/** Types that no target computes with, and contents that are no tensors. */
const foreign = /float8|float4|bfloat16|string|complex/;

/** Whether a case is of the families, in types that there are. */
export function isInFamilies({ model, inputs, outputs }: NodeCase): boolean {
  const typed = [...inputs, ...outputs].every((each) => each !== undefined && 'dtype' in each && !foreign.test(each.dtype));
  return typed && operatorsOf(model).every((operator) => operators.has(operator));
}
