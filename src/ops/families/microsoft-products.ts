import { type Dim, type Node, tensorType } from '../../onnx/index.js';
import { plainGemm, plainMatMul } from '../plain/products.js';
import type { CostContext, Family, InferRule } from '../rule.js';
import { fused } from '../shared/fused.js';
import { productMacs, productShapeOf } from '../shared/quantized.js';
import { matrixProducts } from './matmul.js';

/**
 * A factor of FusedMatMul as the product sees it: `transBatch` moves the first axis behind the batch, then `trans` swaps the last two.
 * Vectors stay as they are.
 */
function factor<T extends Dim>(node: Node, shape: readonly T[], side: 'A' | 'B'): T[] {
  if (shape.length < 2) return [...shape];
  const moved = node.int(`transBatch${side}`, 0) === 1 ? [...shape.slice(1, -1), shape[0], shape[shape.length - 1]] : [...shape];
  if (node.int(`trans${side}`, 0) === 0) return moved;
  return [...moved.slice(0, -2), moved[moved.length - 1], moved[moved.length - 2]];
}

const inferProduct: InferRule = (context) => {
  const { node } = context;
  const [a, b] = [context.shape(0), context.shape(1)];
  const shape = a && b && productShapeOf(context, factor(node, a, 'A'), factor(node, b, 'B'));
  return [{ type: tensorType(context.dtype(0), shape) }];
};

const costsProduct = (context: CostContext): number =>
  productMacs({ ...context, input: (index) => factor(context.node, context.input(index), index === 0 ? 'A' : 'B') }, 0);

/** Matrix products with what ONNX Runtime's optimizer folded into them: transpositions, a factor, an activation. */
export const microsoftProducts: Family = {
  FusedMatMul: fused(inferProduct, costsProduct, plainMatMul),
  FusedGemm: fused(matrixProducts.Gemm.infer, matrixProducts.Gemm.macs, plainGemm),
};
