import { addDims, type DataType, type Dim, floorDivideDims, multiplyDims, SymbolicDim, sameDim, subtractDims } from '../../onnx/index.js';
import type { InferContext } from '../rule.js';

/**
 * Elements of a small input of rank 0 or 1, as far as shape arithmetic can follow them: constants of any number type, and whatever was
 * computed from shapes. Floats take part because exporters scale sizes in floating point; they may then be fractions.
 */
export function contentsOf(context: InferContext, index: number): readonly Dim[] | undefined {
  const shape = context.shape(index);
  if (!shape || shape.length > 1) return undefined;
  const known = context.integers(index);
  if (known) return known;
  const constant = context.constant(index);
  if (!constant || constant.size > 64 || constant.dtype === 'string' || constant.dtype.startsWith('complex')) return undefined;
  return Array.from(constant.numbers());
}

/**
 * Applies a function element by element to the contents of the given inputs, broadcasting scalars.
 * @param compute returns undefined where the element cannot be known; it becomes a fresh unknown.
 * @returns undefined where any input's contents are unknown.
 */
export function mapContents(
  context: InferContext,
  indices: readonly number[],
  compute: (...elements: Dim[]) => Dim | undefined,
): readonly Dim[] | undefined {
  const inputs: (readonly Dim[])[] = [];
  for (const index of indices) {
    const known = contentsOf(context, index);
    if (!known) return undefined;
    inputs.push(known);
  }
  const length = inputs.reduce((longest, input) => (input.length === 1 ? longest : input.length), 1);
  if (inputs.some((input) => input.length !== 1 && input.length !== length)) return undefined;
  // As single-precision arithmetic rounds: a size that is scaled and floored depends on it.
  const single = context.dtype(indices[0]) === 'float32';
  return Array.from({ length }, (_, position) => {
    const elements = inputs.map((input) => input[input.length === 1 ? 0 : position]);
    const result = compute(...elements) ?? SymbolicDim.unknown();
    return single && typeof result === 'number' ? Math.fround(result) : result;
  });
}

/** a / b as the operator Div computes it in `dtype`; undefined where it cannot be told. Sizes are taken to be non-negative. */
export function divideContents(a: Dim, b: Dim, dtype: DataType | undefined): Dim | undefined {
  const whole = dtype !== undefined && /^u?int/.test(dtype);
  if (b === 0) return undefined;
  if (typeof a === 'number' && typeof b === 'number') return whole ? Math.trunc(a / b) : a / b;
  const quotient = floorDivideDims(a, b);
  return whole || sameDim(multiplyDims(quotient, b), a) ? quotient : undefined;
}

/** a * b; a fraction of an unknown is not a size. */
export function multiplyContents(a: Dim, b: Dim): Dim | undefined {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  if (isFraction(a) || isFraction(b)) return undefined;
  return multiplyDims(a, b);
}

/** Whether an element is a number that no size can be. */
export function isFraction(dim: Dim): boolean {
  return typeof dim === 'number' && !Number.isInteger(dim);
}

/** Whether a dimension can be told to be at least 0: a number, or an expression whose every term adds. */
export function isNonNegative(dim: Dim): boolean {
  return typeof dim === 'number'
    ? dim >= 0
    : dim.terms.every((term) => term.coefficient >= 0 && term.atoms.every((atom) => !atom.text.includes('?')));
}

/** a + b. */
export function addContents(a: Dim, b: Dim): Dim | undefined {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  return isFraction(a) || isFraction(b) ? undefined : addDims(a, b);
}

/** a - b. */
export function subtractContents(a: Dim, b: Dim): Dim | undefined {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return isFraction(a) || isFraction(b) ? undefined : subtractDims(a, b);
}

/** The remainder of a / b: with the sign of `b`, or with that of `a` where `truncates`. */
export function remainderContents(a: Dim, b: Dim, truncates: boolean): Dim | undefined {
  if (b === 0) return undefined;
  if (typeof a === 'number' && typeof b === 'number') return truncates ? a % b : a - Math.floor(a / b) * b;
  return isFraction(a) || isFraction(b) ? undefined : subtractDims(a, multiplyDims(b, floorDivideDims(a, b)));
}
