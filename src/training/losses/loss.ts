import { type GraphBuilder, type Model, staticShape, type Value } from '../../onnx/index.js';

/** What a loss sees of the step graph that it is written into. */
export interface LossContext {
  build: GraphBuilder;
  /** A value of the model in training, by name: an output or anything inside. */
  value(name: string): Value;
  /** The model's input of that name, in this step's batch. */
  input(name: string): Value;
  /** A new input of the step, fed by the host with every batch. */
  feed(name: string, dtype: 'float32' | 'int64', shape: readonly number[]): Value;
  /** Another model's outputs on the same batch (a teacher's); it is not trained. Inputs of the same names are shared, unless it is fed in its own way. */
  embed(model: Model, prefix: string): Record<string, Value>;
  /** A value inside a model that was embedded under `prefix`, by the name that it has there. */
  embedded(prefix: string, name: string): Value;
  batchSize: number;
}

/** A loss: writes itself into the step graph and returns a float scalar, the mean over the batch. */
export type LossBuilder = (context: LossContext) => Value;

/** Input of the step that holds what the model should answer, [batch, numbers]; what the numbers are is the task's to say. */
export const TARGETS = 'espalier.targets';

/** A value as [batch, everything else]. */
export function asRows(build: GraphBuilder, value: Value, batchSize: number): Value {
  return value.shape?.length === 2 ? value : build.op('Reshape', [value, build.ints([batchSize, -1])]);
}

/** Numbers a sample of a value [batch, numbers]. */
export function widthOf(rows: Value): number {
  return staticShape(rows.shape)?.[1] as number;
}

/** The sum of a value's elements, times a factor: with 1/batch the mean over the batch of sums. */
export function scaledSum(build: GraphBuilder, each: Value, factor: number): Value {
  return build.op('Mul', [build.op('ReduceSum', [each], { keepdims: 0 }), build.scalar(factor)]);
}
