import { MOST_DIMENSIONS } from '../../base/index.js';
import { type DataType, type Dim, productOfDims, SymbolicDim, sameDim, tensorType, type ValueType } from '../../onnx/index.js';
import type { InferContext, Inferred } from '../rule.js';
import { contentsOf } from './contents.js';

/** A tensor output; `contents` are its elements in row-major order, where it is a small tensor that shapes are computed with. */
export function tensorOf(dtype: DataType | undefined, shape: readonly Dim[] | undefined, contents?: readonly Dim[]): NonNullable<Inferred> {
  return { type: tensorType(dtype, shape), contents: shape && contents?.length === productOfDims(shape) ? contents : undefined };
}

/** A shape of `rank` dimensions that nothing is known about; undefined where the rank is unknown or beyond what any tensor has. */
export function unknownDims(rank: Dim | undefined): Dim[] | undefined {
  return typeof rank === 'number' && rank <= MOST_DIMENSIONS ? Array.from({ length: rank }, () => SymbolicDim.unknown()) : undefined;
}

/** Number of elements of a vector input, where it is known. */
export function lengthOf(context: InferContext, index: number): number | undefined {
  const known = context.integers(index)?.length ?? context.shape(index)?.[0];
  return typeof known === 'number' ? known : undefined;
}

/** The dimensions as numbers, or undefined where any is unknown. */
export function asNumbers(dims: readonly Dim[] | undefined): readonly number[] | undefined {
  return dims?.every((dim) => typeof dim === 'number') ? (dims as readonly number[]) : undefined;
}

/** Integers of an input, where all are known as numbers. */
export function numbersOf(context: InferContext, index: number): readonly number[] | undefined {
  return asNumbers(context.integers(index));
}

/** Elements of input 0, of any rank, for operators that do not change them. */
export function carriedContents(context: InferContext): readonly Dim[] | undefined {
  return context.integers(0) ?? contentsOf(context, 0);
}

/** Two dimensions that must be the same: the more precise one. */
export function mergeDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number') return a;
  if (typeof b === 'number') return b;
  return a.isAnonymous ? b : a;
}

/** The narrowest type that both types belong to: what holds for a value that is one or the other. */
export function unifyTypes(a: ValueType | undefined, b: ValueType | undefined): ValueType | undefined {
  if (!a || !b || a.kind !== b.kind) return undefined;
  if (a.kind === 'tensor' && b.kind === 'tensor') {
    return { kind: 'tensor', dtype: a.dtype === b.dtype ? a.dtype : undefined, shape: unifyShapes(a.shape, b.shape) };
  }
  if (a.kind === 'sequence' && b.kind === 'sequence') return { kind: 'sequence', element: unifyTypes(a.element, b.element) };
  if (a.kind === 'optional' && b.kind === 'optional') return { kind: 'optional', element: unifyTypes(a.element, b.element) };
  return a;
}

function unifyShapes(a: readonly Dim[] | undefined, b: readonly Dim[] | undefined): readonly Dim[] | undefined {
  if (!a || !b || a.length !== b.length) return undefined;
  return a.map((dim, axis) => {
    if (sameDim(dim, b[axis])) return dim;
    return typeof dim !== 'number' && dim.isAnonymous ? dim : SymbolicDim.unknown();
  });
}
