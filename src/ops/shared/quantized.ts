import { sizeOf } from '../../base/index.js';
import type { Dim } from '../../onnx/index.js';
import { type CostContext, type InferContext, refuses } from '../rule.js';
import { broadcastShapes, printShape } from './broadcast.js';

/** Shape of the product of two inputs, where their ranks are known. */
export function productShape(context: InferContext, left: number, right: number): Dim[] | undefined {
  const [a, b] = [context.shape(left), context.shape(right)];
  return a && b && productShapeOf(context, a, b);
}

/** Shape of a product as numpy's matmul: vectors get an axis for the product, which is taken away again. @throws GraphError where they do not fit. */
export function productShapeOf(context: InferContext, a: readonly Dim[], b: readonly Dim[]): Dim[] {
  if (a.length === 0 || b.length === 0)
    context.fail('A matrix product needs vectors or matrices', 'rank 1 or more', `${printShape(a)} and ${printShape(b)}`);
  const rows = a.length === 1 ? [1, a[0]] : a;
  const columns = b.length === 1 ? [b[0], 1] : b;
  const [inner, other] = [rows[rows.length - 1], columns[columns.length - 2]];
  const batch = broadcastShapes([rows.slice(0, -2), columns.slice(0, -2)]);
  const contradicts = typeof inner === 'number' && typeof other === 'number' && inner !== other;
  if (contradicts || batch === 'mismatch' || !batch) return context.fail('The matrices do not fit', printShape(a), printShape(b));
  const product = [...batch];
  if (a.length > 1) product.push(rows[rows.length - 2]);
  if (b.length > 1) product.push(columns[columns.length - 1]);
  return product;
}

/** Every element of the product is a sum over the left operand's last axis. */
export function productMacs(context: CostContext, left: number): number {
  return sizeOf(context.output(0)) * (context.input(left).at(-1) ?? 1);
}

/** Why operators on integers are not trained. */
export const noIntegerGradient = refuses('it computes on integers; train the model before it is quantized, or its QuantizeLinear form');

/** Why operators on integers are not pruned. */
export const noIntegerCoupling = refuses('it computes on integers; prune the model before it is quantized');
