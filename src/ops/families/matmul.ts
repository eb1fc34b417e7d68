import { type Node, tensorType } from '../../onnx/index.js';
import { gemmGradient, matMulGradient } from '../gradients/matmul.js';
import { type CouplingContext, type CouplingRule, type Family, type InferRule, refuses, type UpgradeRule } from '../rule.js';
import { printShape, tieAllBut, tieBroadcast } from '../shared/broadcast.js';
import { gemmProduct, matMulProduct } from '../shared/products.js';
import { productMacs, productShape } from '../shared/quantized.js';
import { withTraits } from '../with-traits.js';
import { einsum } from './einsum.js';

const couplesMatMul: CouplingRule = (context) => {
  const [a, b, y] = [context.input(0), context.input(1), context.output()];
  const [left, right, product] = [a, b, y].map((value) => context.shape(value));
  const inner = { value: b, axis: Math.max(0, right.length - 2) };
  context.tie({ value: a, axis: left.length - 1 }, inner);
  const [hasRows, hasColumns] = [left.length > 1, right.length > 1];
  const batch = product.length - Number(hasRows) - Number(hasColumns);
  if (hasRows) context.tie({ value: a, axis: left.length - 2 }, { value: y, axis: batch });
  if (hasColumns) context.tie({ value: b, axis: right.length - 1 }, { value: y, axis: product.length - 1 });
  tieBatch(context, batch);
};

/** Ties the batch axes of both matrices with the first `count` axes of the product, aligned at the last of them. */
function tieBatch(context: CouplingContext, count: number): void {
  const output = context.output();
  for (const value of [context.input(0), context.input(1)]) {
    const shape = context.shape(value);
    const own = Math.max(0, shape.length - 2);
    for (let axis = 0; axis < own; axis++) {
      const target = axis + count - own;
      if (shape[axis] === context.shape(output)[target]) context.tie({ value, axis }, { value: output, axis: target });
      else context.free({ value, axis });
    }
  }
}

function isTransposed(node: Node, name: 'transA' | 'transB'): boolean {
  return node.int(name, 0) === 1;
}

const inferGemm: InferRule = (context) => {
  const { node } = context;
  const [a, b] = [context.shape(0), context.shape(1)];
  for (const shape of [a, b]) if (shape && shape.length !== 2) context.fail('Gemm multiplies matrices', 'rank 2', printShape(shape));
  const [rows, inner] = isTransposed(node, 'transA') ? [a?.[1], a?.[0]] : [a?.[0], a?.[1]];
  const [other, columns] = isTransposed(node, 'transB') ? [b?.[1], b?.[0]] : [b?.[0], b?.[1]];
  if (typeof inner === 'number' && typeof other === 'number' && inner !== other) {
    context.fail('The matrices do not fit', `equal inner sizes of ${printShape(a)} and ${printShape(b)}`, `${inner} and ${other}`);
  }
  const known = rows !== undefined && columns !== undefined;
  return [{ type: tensorType(context.dtype(0), known ? [rows, columns] : undefined) }];
};

const couplesGemm: CouplingRule = (context) => {
  const { node } = context;
  const [a, b, y] = [context.input(0), context.input(1), context.output()];
  const [transA, transB] = [Number(isTransposed(node, 'transA')), Number(isTransposed(node, 'transB'))];
  context.tie({ value: a, axis: transA }, { value: y, axis: 0 });
  context.tie({ value: a, axis: 1 - transA }, { value: b, axis: transB });
  context.tie({ value: b, axis: 1 - transB }, { value: y, axis: 1 });
  if (context.has(2)) tieBroadcast(context, [context.input(2)], y);
};

/** Since opset 7 the third input always broadcasts. */
const dropBroadcast: UpgradeRule = ({ node }) => {
  node.attributes.delete('broadcast');
};

/** The last axis of a weight matrix (or a batch of them) on the right holds the outputs. */
function lastAxis(node: Node): number {
  return (node.inputs[1]?.shape?.length ?? 2) - 1;
}

const rules = {
  MatMul: {
    infer: (context) => [{ type: tensorType(context.dtype(0), productShape(context, 0, 1)) }],
    macs: (context) => productMacs(context, 0),
    gradient: matMulGradient,
    coupling: couplesMatMul,
    quantization: { kind: 'weighted', activations: [0], weight: 1, axis: lastAxis },
    upgrades: {},
  },
  Gemm: {
    infer: inferGemm,
    macs: ({ node, input, output }) => output(0)[0] * output(0)[1] * input(0)[isTransposed(node, 'transA') ? 0 : 1],
    gradient: gemmGradient,
    coupling: couplesGemm,
    quantization: { kind: 'weighted', activations: [0], weight: 1, axis: (node) => (isTransposed(node, 'transB') ? 0 : 1), bias: 2 },
    upgrades: { 7: dropBroadcast },
  },
  Einsum: einsum,
  Det: {
    infer: (context) => [{ type: tensorType(context.dtype(0), context.shape(0)?.slice(0, -2)) }],
    // Elimination of an n by n matrix: n³ / 3.
    macs: ({ input }) => Math.round(input(0).reduce((a, b) => a * b, 1) * ((input(0).at(-1) ?? 1) / 3)),
    gradient: refuses('it needs the inverse of a matrix, which ONNX has no operator for'),
    coupling: (context) => {
      const rank = context.shape(context.input(0)).length;
      tieAllBut(context, [rank - 2, rank - 1]);
    },
    quantization: { kind: 'float' },
    upgrades: {},
  },
} satisfies Family;

/** Matrix products. */
export const matrixProducts = withTraits(rules, {
  MatMul: {
    channels: 'last',
    layer: { kind: 'matrix', weight: 1, outputs: lastAxis, inputs: (node) => Math.max(0, lastAxis(node) - 1) },
    product: matMulProduct(1),
  },
  Gemm: {
    channels: 'last',
    layer: {
      kind: 'matrix',
      weight: 1,
      bias: 2,
      outputs: (node) => (isTransposed(node, 'transB') ? 0 : 1),
      inputs: (node) => (isTransposed(node, 'transB') ? 1 : 0),
      transposes: (node) => isTransposed(node, 'transA'),
      factors: (node) => [node.float('alpha', 1), node.float('beta', 1)],
    },
    product: gemmProduct,
  },
});
