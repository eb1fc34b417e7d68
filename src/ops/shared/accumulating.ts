import { sizeOf } from '../../base/index.js';
import { type GraphBuilder, Tensor, type Value } from '../../onnx/index.js';
import { reshapeTo, zerosOf } from './gradients.js';

/** Indices as int64, which the scatter operators want. */
export function asInt64(build: GraphBuilder, indices: Value): Value {
  return indices.dtype === 'int64' ? indices : build.op('Cast', [indices], { to: 7 });
}

/**
 * Adds up rows of `updates` ([…indices, …rest]) into zeros of shape [size, …rest], each at its index along the first axis.
 */
export function accumulateRows(build: GraphBuilder, indices: Value, updates: Value, shape: readonly number[]): Value {
  const indexShape = (indices.shape ?? []) as readonly number[];
  const places = reshapeTo(build, asInt64(build, indices), [...indexShape, 1]);
  return build.op('ScatterND', [zerosOf(build, updates, shape), places, updates], { reduction: 'add' });
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
