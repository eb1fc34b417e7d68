import { sizeOf } from '../../base/index.js';
import { bitsOf, Tensor } from '../../onnx/index.js';

/**
 * How a value's axes lie. `own` is the order of the format that is read or written: channels last in TensorFlow Lite, channels second in ONNX. `other` is the
 * order that the other format computes in: from rank 3 on, the axis of channels is moved, and the rest keeps its order.
 */
export type Layout = 'own' | 'other';

/** The order of axes that moves channels from the end to the second place: axis i of the result is axis order[i]. */
export function channelsSecond(rank: number): number[] {
  return [0, rank - 1, ...range(rank).slice(1, -1)];
}

/** The order of axes that moves channels from the second place to the end. */
export function channelsLast(rank: number): number[] {
  return [0, ...range(rank).slice(2), 1];
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Whether moving axes leaves the numbers in their order: at most axes of size 1 pass others. */
export function keepsOrder(shape: readonly unknown[], order: readonly number[]): boolean {
  const moving = order.filter((axis) => shape[axis] !== 1);
  return moving.every((axis, i) => i === 0 || moving[i - 1] < axis);
}

/** A constant with its axes in another order: axis i of the result is axis order[i]. */
export function permuted(tensor: Tensor, order: readonly number[]): Tensor {
  const shape = order.map((axis) => tensor.shape[axis]);
  if (keepsOrder(tensor.shape, order)) return tensor.reshape(shape);
  const steps = order.map((axis) => sizeOf(tensor.shape.slice(axis + 1)));
  if (bitsOf(tensor.dtype) < 8) return Tensor.from(tensor.dtype, shape, gathered(tensor.numbers(), shape, steps));
  return Tensor.of(tensor.dtype, shape, gathered(tensor.data(), shape, steps));
}

function gathered<T extends ArrayLike<number | bigint> & { slice(): T }>(data: T, shape: readonly number[], steps: readonly number[]): T {
  const out = data.slice() as T & { [index: number]: number | bigint };
  const index = shape.map(() => 0);
  for (let to = 0, from = 0; to < data.length; to++) {
    out[to] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]++;
      from += steps[axis];
      if (index[axis] < shape[axis]) break;
      from -= steps[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}
