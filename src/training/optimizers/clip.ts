import type { GraphBuilder, Value } from '../../onnx/index.js';

/** The joint Euclidean norm of several tensors, a scalar. */
export function jointNorm(build: GraphBuilder, tensors: readonly Value[]): Value {
  const squares = tensors.map((tensor) => build.op('ReduceSumSquare', [tensor], { keepdims: 0 }));
  return build.op('Sqrt', [squares.length === 1 ? squares[0] : build.op('Sum', squares)]);
}

/** Factor, at most 1, that brings the gradients' joint Euclidean norm down to `limit`. */
export function clipFactor(build: GraphBuilder, gradients: readonly Value[], limit: number): Value {
  const norm = jointNorm(build, gradients);
  const ratio = build.op('Div', [build.scalar(limit), build.op('Add', [norm, build.scalar(1e-6)])]);
  return build.op('Min', [ratio, build.scalar(1)]);
}
