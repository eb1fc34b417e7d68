import type { Node } from '../../../onnx/index.js';
import { convolution, normalization } from './convolutions.js';
import { activation, elementwise, unary } from './elementwise.js';
import type { Lowering } from './lowering.js';
import { concat, merge, pad, reduction, slice, transpose } from './movements.js';
import { expand, maxPool, maxUnpool, pool, resize } from './pools.js';
import { transposedConvolution } from './transposed.js';

const each = (lowering: Lowering, ...operators: readonly string[]) => operators.map((operator) => [operator, lowering] as const);

/** The standard operators that can run on blocked images. */
const lowerings: ReadonlyMap<string, Lowering> = new Map([
  ...each(convolution, 'Conv'),
  ...each(transposedConvolution, 'ConvTranspose'),
  ...each(normalization, 'BatchNormalization'),
  ...each(maxPool, 'MaxPool'),
  ...each(maxUnpool, 'MaxUnpool'),
  ...each(pool, 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool'),
  ...each(resize, 'Resize'),
  ...each(expand, 'Expand'),
  ...each(reduction, 'ReduceSum', 'ReduceMean', 'ReduceSumSquare'),
  ...each(transpose, 'Transpose'),
  ...each(merge, 'Reshape'),
  ...each(concat, 'Concat'),
  ...each(slice, 'Slice'),
  ...each(pad, 'Pad'),
  ...each(activation, 'Relu', 'LeakyRelu', 'Sigmoid', 'Tanh', 'HardSigmoid'),
  ...each(unary, 'Abs', 'Cast', 'Celu', 'Ceil', 'Clip', 'DequantizeLinear', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'HardSwish', 'Identity'),
  ...each(unary, 'Log', 'Mish', 'Neg', 'Not', 'QuantizeLinear', 'Reciprocal', 'Round', 'Selu', 'Sign', 'Softplus', 'Softsign', 'Sqrt'),
  ...each(elementwise, 'Add', 'And', 'Div', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Max', 'Mean', 'Min', 'Mul'),
  ...each(elementwise, 'Or', 'Pow', 'Sub', 'Sum', 'Where', 'Xor'),
]);

/** How a node's operator runs on blocked images; undefined where it does not. */
export function loweringOf(node: Node): Lowering | undefined {
  return node.domain === '' ? lowerings.get(node.op) : undefined;
}
