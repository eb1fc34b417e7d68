import { sizeOf } from '../../base/index.js';
import { type GraphBuilder, Tensor, type Value } from '../../onnx/index.js';
import { reshapeTo, zerosOf } from './gradients.js';

/** Indices as int64, which the scatter operators want. */
export function asInt64(build: GraphBuilder, indices: Value): Value {
  return indices.dtype === 'int64' ? indices : build.op('Cast', [indices], { to: 7 });
}

/**
 * Adds up rows of `updates` ([…indices, …rest]) into zeros of shape [size, …rest], each at its index along the first axis. Element by element, by
 * ScatterElements: ONNX Runtime's ScatterND adds in several threads without a lock and loses some of what goes to one row.
 */
export function accumulateRows(build: GraphBuilder, indices: Value, updates: Value, shape: readonly number[]): Value {
  const count = sizeOf((indices.shape ?? []) as readonly number[]);
  const width = sizeOf(shape.slice(1));
  const rows = reshapeTo(build, asInt64(build, indices), [count, 1]);
  const places = width === 1 ? rows : build.op('Add', [build.op('Mul', [rows, build.ints([width])]), build.ints([...Array(width).keys()])]);
  const zeros = zerosOf(build, updates, [shape[0] * width]);
  const flat = (value: Value) => reshapeTo(build, value, [count * width]);
  const sums = build.op('ScatterElements', [zeros, flat(places), flat(updates)], { axis: 0, reduction: 'add' });
  return reshapeTo(build, sums, shape);
}

/** As `accumulateRows`, at index tuples [..., k] into the first k axes of `shape`, which may count from the end. */
export function accumulateAt(build: GraphBuilder, tuples: Value, updates: Value, shape: readonly number[]): Value {
  const tupleShape = (tuples.shape ?? []) as readonly number[];
  const reached = shape.slice(0, tupleShape.at(-1));
  const strides = reached.map((_, axis) => sizeOf(reached.slice(axis + 1)));
  const fromStart = build.op('Mod', [tuples, build.ints(reached)]);
  const rows = build.op('ReduceSum', [build.op('Mul', [fromStart, build.ints(strides)]), build.ints([tupleShape.length - 1])], {
    keepdims: 0,
  });
  return reshapeTo(build, accumulateRows(build, rows, updates, [sizeOf(reached), ...shape.slice(reached.length)]), shape);
}

/** Index tuples of GatherND with batch axes, with the number of the batch put before each: [B, n, k] becomes [B, n, k + 1]. */
export function withBatchNumbers(build: GraphBuilder, indices: Value, shape: readonly number[], batchAxes: number): Value {
  const batch = sizeOf(shape.slice(0, batchAxes));
  const tuple = shape[shape.length - 1];
  const count = sizeOf(shape.slice(batchAxes, -1));
  const numbers = BigInt64Array.from({ length: batch * count }, (_, index) => BigInt(Math.floor(index / count)));
  const leading = build.constant(Tensor.of('int64', [batch, count, 1], numbers));
  return build.op('Concat', [leading, reshapeTo(build, indices, [batch, count, tuple])], { axis: 2 });
}
