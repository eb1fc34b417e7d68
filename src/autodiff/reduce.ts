import { sameShape } from '../base/index.js';
import { type GraphBuilder, staticShape, type Value } from '../onnx/index.js';

/**
 * Sums a gradient over the axes along which a value of `shape` was broadcast to the gradient's shape, so that it has the value's own shape.
 * Both shapes are static.
 */
export function sumToShape(build: GraphBuilder, gradient: Value, shape: readonly number[]): Value {
  const from = staticShape(gradient.shape);
  if (!from || sameShape(from, shape)) return gradient;
  const lead = from.length - shape.length;
  const axes = from.flatMap((dim, axis) => (axis < lead || (shape[axis - lead] === 1 && dim !== 1) ? [axis] : []));
  const summed = axes.length === 0 ? gradient : build.op('ReduceSum', [gradient, build.ints(axes)], { keepdims: 1 });
  return lead === 0 ? summed : build.op('Reshape', [summed, build.ints(shape)]);
}
