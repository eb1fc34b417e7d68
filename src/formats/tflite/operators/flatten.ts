import { sizeOf } from '../../../base/index.js';
import type { Tensor, Value } from '../../../onnx/index.js';
import { permuted } from '../layout.js';
import type { WriteContext } from '../writing/context.js';
import { isConstant } from '../writing/values.js';

/**
 * Writes a change of shape that lays the channels of an image out as one row, which only products with constant matrices read, without moving anything: the row then has
 * its channels last, and the matrices take their rows in that order. @returns whether it was such a one.
 */
export function writeFlattened(w: WriteContext): boolean {
  const [source] = w.node.inputs;
  if (!source || w.rank(0) < 3 || w.layoutOf(0) !== 'other') return false;
  const before = w.writer.sizes(source).shape;
  const after = w.writer.sizes(w.result).shape;
  const isRow = after.length === 2 && after[0] === before[0] && after[1] === sizeOf(before.slice(1));
  if (!isRow || w.writer.graph.outputs.includes(w.result) || !isForMatrices(w.result)) return false;
  w.hold(w.writer.reshaped(w.input(0, 'other'), w.facts('own')), 'own');
  w.writer.markFlat(w.result, before[1]);
  return true;
}

/** Whether a value is read by products with constant matrices alone, rounded or not. */
function isForMatrices(value: Value): boolean {
  return value.users.every((user) => {
    if (user.op === 'QuantizeLinear' || user.op === 'DequantizeLinear')
      return user.inputs[0] === value && user.outputs[0] !== undefined && isForMatrices(user.outputs[0]);
    const isProduct = user.op === 'Gemm' ? user.int('transA', 0) === 0 : user.op === 'MatMul';
    return isProduct && user.inputs[0] === value && user.inputs[1]?.shape?.length === 2 && isConstant(user.inputs[1]);
  });
}

/** A matrix whose rows, along `axis`, are in the order of a row with its channels second, for one with its channels last. */
export function forFlattened(matrix: Tensor, axis: number, channels: number): Tensor {
  const inner = matrix.shape[axis] / channels;
  const apart = matrix.shape.flatMap((size, at) => (at === axis ? [channels, inner] : [size]));
  const order = axis === 0 ? [1, 0, 2] : [0, 2, 1];
  return permuted(matrix.reshape(apart), order).reshape(matrix.shape);
}
