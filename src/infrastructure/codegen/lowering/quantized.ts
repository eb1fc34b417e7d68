import { Tensor, type Value } from '../../../onnx/index.js';
import type { Composer, Composition } from './compositions.js';

/** An input that is followed by its scale and zero point, in floats. */
function real({ node, op }: Composer, index: number, axis?: number): Value {
  const [value, scale, zero] = [0, 1, 2].map((each) => node.inputs[index + each]);
  return op('DequantizeLinear', [value, scale, zero], axis === undefined ? {} : { axis });
}

/** A result on the grid whose scale and zero point stand at an index. */
function quantized({ node, op }: Composer, value: Value, index: number): Value {
  return op('QuantizeLinear', [value, node.inputs[index], node.inputs[index + 1]]);
}

function attributesOf({ node }: Composer, without: readonly string[] = []) {
  return Object.fromEntries([...node.attributes].filter(([name]) => !without.includes(name)));
}

/** A bias of integers on the grid of products. */
function bias(composer: Composer, index: number, x: number, w: number): Value | undefined {
  const { node, op, constant, refuse } = composer;
  const value = node.inputs[index];
  if (!value) return undefined;
  const [of, by] = [node.inputs[x]?.constant?.numbers(), node.inputs[w]?.constant?.numbers()];
  if (!of || !by) return refuse('the scale of its bias depends on the data');
  const scales = Tensor.from(
    'float32',
    by.length === 1 ? [] : [by.length],
    Array.from(by, (each) => each * of[0]),
  );
  return op('DequantizeLinear', [value, constant(scales)], { axis: 0 });
}

const convolution: Composition = (composer) => {
  const { node, op, replace, refuse } = composer;
  if (node.int('channels_last', 0) === 1) return refuse('its channels lie last');
  const inputs = [real(composer, 0), real(composer, 3, 0), bias(composer, 8, 1, 4)];
  replace(0, quantized(composer, op('Conv', inputs, attributesOf(composer, ['channels_last'])), 6));
};

const product: Composition = (composer) => {
  const columns = composer.shape(composer.node.inputs[3] as Value).length - 1;
  const left = real(composer, 0, Math.max(0, composer.shape(composer.node.inputs[0] as Value).length - 2));
  composer.replace(0, quantized(composer, composer.op('MatMul', [left, real(composer, 3, Math.max(0, columns))]), 6));
};

const gemm: Composition = (composer) => {
  const { node, op, replace } = composer;
  const inputs = [real(composer, 0), real(composer, 3, 1 - node.int('transB', 0)), bias(composer, 6, 1, 4)];
  const value = op('Gemm', inputs, attributesOf(composer));
  replace(0, node.inputs[7] ? quantized(composer, value, 7) : value);
};

/** Two operands with their grids, then that of the result. */
const binary =
  (name: string): Composition =>
  (composer) =>
    composer.replace(0, quantized(composer, composer.op(name, [real(composer, 0), real(composer, 3)]), 6));

/** One operand with its grid, then that of the result. */
const unary =
  (name: string): Composition =>
  (composer) => {
    if (composer.node.int('channels_last', 0) === 1) return composer.refuse('its channels lie last');
    const value = composer.op(name, [real(composer, 0)], attributesOf(composer, ['opset', 'channels_last']));
    composer.replace(0, quantized(composer, value, 3));
  };

/** The grid of the result, then operands with theirs. */
const concat: Composition = (composer) => {
  const parts = composer.node.inputs.flatMap((_, index) => (index >= 2 && (index - 2) % 3 === 0 ? [real(composer, index)] : []));
  composer.replace(0, quantized(composer, composer.op('Concat', parts, attributesOf(composer)), 0));
};

/** Sums of products of integers, then what they stand for. */
function scaledProduct(
  composer: Composer,
  inputs: readonly (Value | undefined)[],
  scales: readonly Value[],
  added: Value | undefined,
): void {
  const { op, replace } = composer;
  const sums = op('Cast', [op('MatMulInteger', inputs)], { to: 1 });
  const scaled = op('Mul', [sums, op('Mul', scales)]);
  replace(0, added ? op('Add', [scaled, added]) : scaled);
}

const productToFloat: Composition = (composer) => {
  const [a, b, aScale, bScale, aZero, bZero, added] = composer.node.inputs as Value[];
  scaledProduct(composer, [a, b, aZero, bZero], [aScale, bScale], added);
};

/** The range of the activation is taken as it comes. */
const dynamicProduct: Composition = (composer) => {
  const [x, weight, scale, zero, added] = composer.node.inputs as Value[];
  const [integers, xScale, xZero] = composer.ops('DynamicQuantizeLinear', [x], 3);
  scaledProduct(composer, [integers, weight, xZero, zero], [xScale, scale], added);
};

/** Operators on integers as those on floats between their scales: kernels read both sides and compute in integers again. */
export const quantizedCompositions: Readonly<Record<string, Composition>> = {
  ':QLinearConv': convolution,
  ':QLinearMatMul': product,
  'com.microsoft:DynamicQuantizeMatMul': dynamicProduct,
  'com.microsoft:MatMulIntegerToFloat': productToFloat,
  'com.microsoft:QGemm': gemm,
  'com.microsoft:QLinearAdd': binary('Add'),
  'com.microsoft:QLinearAveragePool': unary('AveragePool'),
  'com.microsoft:QLinearConcat': concat,
  'com.microsoft:QLinearConv': convolution,
  'com.microsoft:QLinearGlobalAveragePool': unary('GlobalAveragePool'),
  'com.microsoft:QLinearLeakyRelu': unary('LeakyRelu'),
  'com.microsoft:QLinearMul': binary('Mul'),
  'com.microsoft:QLinearSigmoid': unary('Sigmoid'),
  'com.microsoft:QLinearSoftmax': unary('Softmax'),
};
