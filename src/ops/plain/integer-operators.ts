import { type Node, Tensor, type Value } from '../../onnx/index.js';
import { type Grid, gridAt, type RealValues } from './real.js';

/** The result of an operator on integers, in floats, and the grid that it rounds to; none where it gives floats. */
export interface RealResult {
  readonly value: Value;
  readonly grid?: Grid;
}

type RealRule = (real: RealValues, node: Node) => RealResult | undefined;

/** Attributes that the operator has and its counterpart in floats has not. */
const OWN = new Set(['channels_last']);

function attributesOf(node: Node, without: readonly string[] = []) {
  return Object.fromEntries([...node.attributes].filter(([name]) => !OWN.has(name) && !without.includes(name)));
}

/** An operand that is followed by its scale and zero point. */
function operand(real: RealValues, node: Node, index: number, axis?: number): Value | undefined {
  return real.of(node.inputs[index], gridAt(node, index + 1), axis);
}

/** A bias in int32, on the grid of the products that it is added to. */
function bias(real: RealValues, value: Value | undefined, x: Value | undefined, w: Value | undefined): Value | undefined {
  const [tensor, of, by] = [value?.constant, x?.constant?.numbers(), w?.constant?.numbers()];
  if (!value || !tensor || !of || !by) return undefined;
  const numbers = tensor.numbers();
  const floats = Float32Array.from(numbers, (q, c) => q * of[0] * by[by.length === 1 ? 0 : c]);
  return real.constant(`${value.name}_float`, Tensor.of('float32', tensor.shape, floats));
}

const convolution: RealRule = (real, node) => {
  const { inputs } = node;
  if (node.int('channels_last', 0) === 1) return undefined;
  const added = bias(real, inputs[8], inputs[1], inputs[4]);
  if (inputs[8] && !added) return undefined;
  const value = real.build.op('Conv', [operand(real, node, 0), operand(real, node, 3, 0), added], attributesOf(node));
  return { value, grid: gridAt(node, 6) };
};

const product: RealRule = (real, node) => {
  const columns = (node.inputs[3]?.shape?.length ?? 2) - 1;
  return { value: real.build.op('MatMul', [operand(real, node, 0), operand(real, node, 3, columns)]), grid: gridAt(node, 6) };
};

const gemm: RealRule = (real, node) => {
  const { inputs } = node;
  const axis = 1 - node.int('transB', 0);
  const added = bias(real, inputs[6], inputs[1], inputs[4]);
  if (inputs[6] && !added) return undefined;
  const value = real.build.op('Gemm', [operand(real, node, 0), operand(real, node, 3, axis), added], attributesOf(node));
  return { value, ...(inputs[7] && { grid: gridAt(node, 7) }) };
};

/** Two operands with their grids, then the grid of the result. */
const binary =
  (op: string): RealRule =>
  (real, node) => ({ value: real.build.op(op, [operand(real, node, 0), operand(real, node, 3)]), grid: gridAt(node, 6) });

/** One operand with its grid, then the grid of the result. */
const unary =
  (op: string): RealRule =>
  (real, node) => {
    if (node.int('channels_last', 0) === 1) return undefined;
    return { value: real.build.op(op, [operand(real, node, 0)], attributesOf(node, ['opset'])), grid: gridAt(node, 3) };
  };

/** The grid of the result, then operands with their grids. */
const concat: RealRule = (real, node) => {
  const parts = node.inputs.flatMap((_, index) => (index >= 2 && (index - 2) % 3 === 0 ? [operand(real, node, index)] : []));
  return { value: real.build.op('Concat', parts, attributesOf(node)), grid: gridAt(node, 0) };
};

/** Operators that leave the scales to what follows: the weight becomes q - zeroPoint, the activation is what it was. */
const unscaled =
  (op: string): RealRule =>
  (real, node) => {
    const [x, weight, xZero, wZero] = node.inputs;
    const one = real.build.scalar(1);
    const axis = op === 'Conv' ? 0 : (weight?.shape?.length ?? 2) - 1;
    const inputs = [real.of(x, { scale: one, zeroPoint: xZero }), real.of(weight, { scale: one, zeroPoint: wZero }, axis)];
    return { value: real.build.op(op, inputs, attributesOf(node)) };
  };

const dynamicProduct: RealRule = (real, node) => {
  const [x, weight, scale, zeroPoint, added] = node.inputs;
  const factor = real.of(weight, { scale, zeroPoint }, (weight?.shape?.length ?? 2) - 1);
  const value = real.build.op('MatMul', [x, factor]);
  return { value: added ? real.build.op('Add', [value, added]) : value };
};

const productToFloat: RealRule = (real, node) => {
  const [a, b, aScale, bScale, aZero, bZero, added] = node.inputs;
  const left = real.of(a, { scale: aScale, zeroPoint: aZero });
  const right = real.of(b, { scale: bScale, zeroPoint: bZero }, (b?.shape?.length ?? 2) - 1);
  const value = real.build.op('MatMul', [left, right]);
  return { value: added ? real.build.op('Add', [value, added]) : value };
};

/** How operators on integers are said in floats, by domain and name. */
export const realRules: Readonly<Record<string, RealRule>> = {
  ':QLinearConv': convolution,
  ':QLinearMatMul': product,
  ':ConvInteger': unscaled('Conv'),
  ':MatMulInteger': unscaled('MatMul'),
  'com.microsoft:QLinearConv': convolution,
  'com.microsoft:QGemm': gemm,
  'com.microsoft:QLinearAdd': binary('Add'),
  'com.microsoft:QLinearMul': binary('Mul'),
  'com.microsoft:QLinearConcat': concat,
  'com.microsoft:QLinearLeakyRelu': unary('LeakyRelu'),
  'com.microsoft:QLinearSigmoid': unary('Sigmoid'),
  'com.microsoft:QLinearSoftmax': unary('Softmax'),
  'com.microsoft:QLinearAveragePool': unary('AveragePool'),
  'com.microsoft:QLinearGlobalAveragePool': unary('GlobalAveragePool'),
  'com.microsoft:DynamicQuantizeMatMul': dynamicProduct,
  'com.microsoft:MatMulIntegerToFloat': productToFloat,
};
