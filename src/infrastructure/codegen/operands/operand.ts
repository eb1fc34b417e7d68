import type { Tensor } from '../../../onnx/index.js';
import { type Buffer, type Expr, index, load, number, over, plus, rest, type StorageType, times } from '../loops/index.js';

/** Elements of a buffer, found by multiples of their indices. */
export interface Strided {
  readonly buffer: Buffer;
  /** Elements from one index of an axis to the next. */
  readonly strides: readonly number[];
  readonly offset: number;
}

/** A tensor as kernels read it: from memory, or computed where it is read. */
export interface Operand {
  readonly shape: readonly number[];
  readonly type: StorageType;
  /** The element at these indices, one for each axis. */
  at(indices: readonly Expr[]): Expr;
  /** The element at a row-major index. */
  flat(index: Expr): Expr;
  /** Where it lies in memory, if it does. */
  readonly stored?: Strided;
  /** Contents that are known. */
  readonly constant?: Tensor;
}

/** Elements from one index of each axis to the next where the last axis lies together. */
export function rowMajor(shape: readonly number[]): number[] {
  return stridesInOrder(shape, [...shape.keys()]);
}

/** The strides where axes lie in an order, the one that lies together last. */
export function stridesInOrder(shape: readonly number[], order: readonly number[]): number[] {
  const strides: number[] = new Array(shape.length);
  let step = 1;
  for (const axis of [...order].reverse()) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

/** Whether an element's place in memory is its row-major index. */
function isRowMajor({ shape, stored }: Operand): boolean {
  if (!stored) return false;
  const plain = rowMajor(shape);
  return stored.offset === 0 && stored.strides.every((stride, axis) => shape[axis] === 1 || stride === plain[axis]);
}

/** Σ index · stride + offset. */
export function place({ strides, offset }: Strided, indices: readonly Expr[]): Expr {
  return plus(offset, ...strides.map((stride, axis) => times(indices[axis], stride)));
}

/** Row-major index of indices. */
function ravel(shape: readonly number[], indices: readonly Expr[]): Expr {
  return plus(...rowMajor(shape).map((stride, axis) => (shape[axis] === 1 ? number(0) : times(indices[axis], stride))));
}

/** Indices of a row-major index. */
export function unravel(shape: readonly number[], flat: Expr): Expr[] {
  const strides = rowMajor(shape);
  const outermost = shape.findIndex((size) => size !== 1);
  return shape.map((size, axis) => {
    if (size === 1) return number(0);
    const quotient = over(flat, strides[axis]);
    return axis === outermost ? quotient : rest(quotient, size);
  });
}

/** A tensor in memory. */
export function storedOperand(shape: readonly number[], stored: Strided, constant?: Tensor): Operand {
  const operand: Operand = {
    shape,
    type: stored.buffer.type,
    stored,
    constant,
    at: (indices) => load(stored.buffer, place(stored, indices)),
    flat: (at) => load(stored.buffer, plain ? at : place(stored, unravel(shape, at))),
  };
  const plain = isRowMajor(operand);
  return operand;
}

/** A tensor that is computed where it is read. */
export function computedOperand(shape: readonly number[], type: StorageType, at: (indices: readonly Expr[]) => Expr): Operand {
  return { shape, type, at, flat: (each) => at(unravel(shape, each)) };
}

/** The same elements, in their order, under another shape. */
export function reshaped(operand: Operand, shape: readonly number[]): Operand {
  const constant = operand.constant?.reshape(shape);
  if (operand.stored && isRowMajor(operand)) return storedOperand(shape, { ...operand.stored, strides: rowMajor(shape) }, constant);
  const strides = operand.stored && stridesUnder(operand.shape, operand.stored.strides, shape);
  if (operand.stored && strides) return storedOperand(shape, { ...operand.stored, strides }, constant);
  return {
    shape,
    type: operand.type,
    constant,
    at: (indices) => operand.flat(ravel(shape, indices)),
    flat: (each) => operand.flat(each),
  };
}

/** Strides of a reshaped tensor where only axes of one element come, go or move; undefined where others change. */
function stridesUnder(from: readonly number[], strides: readonly number[], to: readonly number[]): number[] | undefined {
  const kept = from.flatMap((size, axis) => (size === 1 ? [] : [axis]));
  const wanted = to.filter((size) => size !== 1);
  if (wanted.length !== kept.length || wanted.some((size, each) => size !== from[kept[each]])) return undefined;
  let next = 0;
  return to.map((size) => (size === 1 ? 0 : strides[kept[next++]]));
}

/** Axis i of the result is axis `order[i]`. */
export function transposed(operand: Operand, order: readonly number[]): Operand {
  const shape = order.map((axis) => operand.shape[axis]);
  const { stored } = operand;
  if (stored) return storedOperand(shape, { ...stored, strides: order.map((axis) => stored.strides[axis]) });
  return computedOperand(shape, operand.type, (indices) => {
    const back: Expr[] = new Array(order.length);
    order.forEach((axis, each) => {
      back[axis] = indices[each];
    });
    return operand.at(back);
  });
}

/** Index k of each axis is index starts[axis] + k · steps[axis]. */
export function sliced(operand: Operand, starts: readonly number[], steps: readonly number[], shape: readonly number[]): Operand {
  const { stored } = operand;
  if (stored) {
    const offset = starts.reduce((sum, start, axis) => sum + start * stored.strides[axis], stored.offset);
    return storedOperand(shape, { ...stored, offset, strides: stored.strides.map((stride, axis) => stride * steps[axis]) });
  }
  return computedOperand(shape, operand.type, (indices) =>
    operand.at(indices.map((each, axis) => plus(starts[axis], times(each, steps[axis])))),
  );
}

/** A tensor broadcast to a shape, by numpy's rules. */
export function broadcast(operand: Operand, shape: readonly number[]): Operand {
  const lead = shape.length - operand.shape.length;
  if (lead === 0 && operand.shape.every((size, axis) => size === shape[axis])) return operand;
  const axes = operand.shape.map((_, axis) => axis + lead);
  if (operand.stored) {
    const strides = shape.map((_, axis) =>
      axis < lead || operand.shape[axis - lead] === 1 ? 0 : (operand.stored?.strides[axis - lead] ?? 0),
    );
    return storedOperand(shape, { ...operand.stored, strides });
  }
  return computedOperand(shape, operand.type, (indices) =>
    operand.at(axes.map((axis, each) => (operand.shape[each] === 1 ? index(0) : indices[axis]))),
  );
}
