import type { GraphBuilder, Value } from '../../onnx/index.js';

/** x with the mean of some axes taken off and their deviation divided out. */
export interface Standardized {
  /** (x - mean) * inverse. */
  readonly normal: Value;
  /** 1 / deviation; the reduced axes have size 1. */
  readonly inverse: Value;
  readonly axes: readonly number[];
}

/** Standardizes with the population's variance: 1 / sqrt(variance + epsilon). */
export function standardize(build: GraphBuilder, x: Value, axes: readonly number[], epsilon: number): Standardized {
  const over = build.ints(axes);
  const centered = build.op('Sub', [x, build.op('ReduceMean', [x, over], { keepdims: 1 })]);
  return scaleToUnit(build, centered, axes, epsilon);
}

/** Divides by the root of the mean square: x / sqrt(mean(x²) + epsilon). */
export function scaleToUnit(build: GraphBuilder, x: Value, axes: readonly number[], epsilon: number): Standardized {
  const square = build.op('ReduceMean', [build.op('Mul', [x, x]), build.ints(axes)], { keepdims: 1 });
  const deviation = build.op('Sqrt', [build.op('Add', [square, build.scalar(epsilon, x.dtype)])]);
  const inverse = build.op('Reciprocal', [deviation]);
  return { normal: build.op('Mul', [x, inverse]), inverse, axes };
}

/**
 * The gradient with respect to x, from that with respect to `normal`: inverse * (g - mean(g) - normal * mean(g * normal)). Without centring
 * (root mean square) the term mean(g) is not there.
 */
export function backThroughStatistics(build: GraphBuilder, g: Value, { normal, inverse, axes }: Standardized, centered = true): Value {
  const over = build.ints(axes);
  const along = build.op('ReduceMean', [build.op('Mul', [g, normal]), over], { keepdims: 1 });
  const free = centered ? build.op('Sub', [g, build.op('ReduceMean', [g, over], { keepdims: 1 })]) : g;
  return build.op('Mul', [build.op('Sub', [free, build.op('Mul', [normal, along])]), inverse]);
}
