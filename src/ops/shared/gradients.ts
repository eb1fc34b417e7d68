import { sameShape } from '../../base/index.js';
import { type GraphBuilder, isFloat, staticShape, Tensor, type Value } from '../../onnx/index.js';
import type { GradientRule } from '../rule.js';

/** The value under another shape of the same size. */
export function reshapeTo(build: GraphBuilder, value: Value, shape: readonly number[]): Value {
  const from = staticShape(value.shape);
  return from && sameShape(from, shape) ? value : build.op('Reshape', [value, build.ints(shape)]);
}

/** A tensor of zeros with the element type of `like`. */
export function zerosOf(build: GraphBuilder, like: Value, shape: readonly number[]): Value {
  return build.op('ConstantOfShape', [build.ints(shape)], { value: Tensor.from(like.dtype ?? 'float32', [1], [0]) });
}

/** Zeros around a tensor, or less of it where a number is negative. `begin` and `end` have one number per axis. */
export function padWithZeros(build: GraphBuilder, value: Value, begin: readonly number[], end: readonly number[]): Value {
  if ([...begin, ...end].every((pad) => pad === 0)) return value;
  return build.op('Pad', [value, build.ints([...begin, ...end])]);
}

/** Elements [from, to) of one axis. */
export function sliceAxis(build: GraphBuilder, value: Value, axis: number, from: number, to: number): Value {
  return build.op('Slice', [value, build.ints([from]), build.ints([to]), build.ints([axis])]);
}

/** One axis the other way round. */
export function reverseAxis(build: GraphBuilder, value: Value, axis: number): Value {
  return build.op('Slice', [value, build.ints([-1]), build.ints([-(2 ** 31)]), build.ints([axis]), build.ints([-1])]);
}

/** The gradient of operators that only give the elements of input 0 another shape. */
export const reshapesGradient: GradientRule = ({ build, grad, input, shape }) => [reshapeTo(build, grad(), shape(input(0)))];

/** The gradient of an operator that passes input 0 on. */
export const passesGradient: GradientRule = ({ grad }) => [grad()];

/** A value converted to another floating-point type. */
export function castTo(build: GraphBuilder, value: Value, like: Value): Value {
  if (value.dtype === like.dtype || !like.dtype) return value;
  if (!isFloat(like.dtype)) throw new Error(`A gradient cannot be ${like.dtype}`);
  return build.op('CastLike', [value, like]);
}
