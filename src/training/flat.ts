import { sizeOf } from '../base/index.js';
import type { GraphBuilder, Value } from '../onnx/index.js';

/** Values one after the other as one vector. */
export function flatten(build: GraphBuilder, values: readonly Value[]): Value {
  const parts = values.map((value) => build.op('Reshape', [value, build.ints([-1])]));
  return parts.length === 1 ? parts[0] : build.op('Concat', parts, { axis: 0 });
}

/** The parts of a vector, in order, as vectors of the given sizes. */
export function split(build: GraphBuilder, vector: Value, sizes: readonly number[]): Value[] {
  return sizes.length === 1 ? [vector] : build.node('Split', [vector, build.ints(sizes)], { axis: 0 }, { outputs: sizes.length });
}

/** The parts of a vector, in order, in the given shapes. */
export function unflatten(build: GraphBuilder, vector: Value, shapes: readonly (readonly number[])[]): Value[] {
  const parts = split(build, vector, shapes.map(sizeOf));
  return shapes.map((shape, index) => build.op('Reshape', [parts[index], build.ints(shape)]));
}
