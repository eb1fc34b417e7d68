import { type DataType, type Dim, maxDims, sameDim, tensorType, type Value } from '../../onnx/index.js';
import type { CouplingContext, CouplingRule, InferContext, InferRule, Inferred } from '../rule.js';

/**
 * Two dimensions under numpy's broadcasting; undefined where they contradict each other. Of two different unknowns the result is their
 * maximum, which is what it has to be where neither is empty.
 */
export function broadcastDims(a: Dim, b: Dim): Dim | undefined {
  if (sameDim(a, b) || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === 'number') return typeof b === 'number' ? undefined : a;
  return typeof b === 'number' ? b : maxDims(a, b);
}

/**
 * The shape that `shapes` broadcast to, aligned at their last axes.
 * @returns undefined where any rank is unknown, or 'mismatch' where two dimensions contradict each other.
 */
export function broadcastShapes(shapes: readonly (readonly Dim[] | undefined)[]): Dim[] | undefined | 'mismatch' {
  const result: Dim[] = [];
  let known = true;
  for (const shape of shapes) {
    if (!shape) {
      known = false;
      continue;
    }
    while (result.length < shape.length) result.unshift(1);
    for (let back = 1; back <= shape.length; back++) {
      const dim = broadcastDims(result[result.length - back], shape[shape.length - back]);
      if (dim === undefined) return 'mismatch';
      result[result.length - back] = dim;
    }
  }
  return known ? result : undefined;
}

/** The shape that the given inputs of a node (all that are present, by default) broadcast to. @throws GraphError where they do not. */
export function broadcastInputs(context: InferContext, indices: readonly number[] = presentInputs(context)): Dim[] | undefined {
  const shapes = indices.map((index) => context.shape(index));
  const result = broadcastShapes(shapes);
  if (result !== 'mismatch') return result;
  return context.fail(
    'Input shapes do not broadcast',
    'dimensions that are equal or 1, aligned at the last axis',
    shapes.map(printShape).join(' and '),
  );
}

/** Indices of the inputs that a node has. */
export function presentInputs(context: { readonly node: InferContext['node'] }): number[] {
  return context.node.inputs.flatMap((input, index) => (input ? [index] : []));
}

/** A shape as errors show it. */
export function printShape(shape: readonly Dim[] | undefined): string {
  return shape ? `[${shape.join(', ')}]` : 'unknown';
}

/** Element-wise over broadcasting inputs; the element type is that of the first input that has one, or `dtype`. */
export function inferBroadcast(dtype?: DataType): InferRule {
  return (context) => [broadcastResult(context, dtype)];
}

/** The type of a broadcasting operator's one output. */
export function broadcastResult(context: InferContext, dtype?: DataType): NonNullable<Inferred> {
  const first = presentInputs(context).find((index) => context.dtype(index));
  return { type: tensorType(dtype ?? (first === undefined ? undefined : context.dtype(first)), broadcastInputs(context)) };
}

/** Output 0 has the type of input 0. */
export const inferSame: InferRule = (context) => {
  const type = context.type(0);
  return [type && { type, contents: undefined }];
};

/**
 * Ties each axis of element-wise operands with the axis of the output that it meets. Axes of size 1 that broadcast are free: nothing
 * happens to them when the output's axis shrinks.
 */
export function tieBroadcast(context: CouplingContext, operands: readonly Value[], output: Value): void {
  const target = context.shape(output);
  for (const value of operands) {
    const shape = context.shape(value);
    const shift = target.length - shape.length;
    shape.forEach((size, axis) => {
      if (size === target[axis + shift]) context.tie({ value, axis }, { value: output, axis: axis + shift });
      else context.free({ value, axis });
    });
  }
}

/** The coupling of element-wise operators: every input with every output. */
export const couplesElementwise: CouplingRule = (context) => {
  const inputs = context.node.inputs.filter((input) => input !== undefined);
  for (const output of context.node.outputs) if (output) tieBroadcast(context, inputs, output);
};

/** Ties all axes of input 0 with those of every output that has its shape, except the axes in `locked`. */
export function tieAllBut(context: CouplingContext, locked: readonly number[]): void {
  const input = context.input(0);
  const rank = context.shape(input).length;
  for (const output of context.node.outputs) {
    if (!output) continue;
    for (let axis = 0; axis < rank; axis++) {
      if (!locked.includes(axis)) context.tie({ value: input, axis }, { value: output, axis });
    }
  }
}
