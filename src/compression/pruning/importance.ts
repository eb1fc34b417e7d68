import { stridesOf } from '../../base/index.js';
import type { Group } from './dependencies.js';
import type { Axis } from './elements.js';

/** How much each group of each layer matters, at least 0. */
export interface Importance {
  /** By layer, then by group. */
  readonly scores: readonly Float64Array[];
  /** Whether scores are shares of their layer, so that what is left matters more as the layer shrinks, or compare as they are. */
  readonly relative: boolean;
  /** What it could not say, and what stands in for it: a sentence. */
  readonly remark?: string;
  /** Makes up for groups before they are removed, by changing weights of the model that was looked at. */
  readonly compensate?: (removed: ReadonlySet<Group>) => void;
}

/** Sums a function of a tensor's numbers over all axes but one. */
export function sumBySlice(
  numbers: ArrayLike<number>,
  shape: readonly number[],
  axis: number,
  term: (number: number) => number = (number) => number,
): Float64Array {
  const size = shape[axis];
  const step = stridesOf(shape)[axis];
  const sums = new Float64Array(size);
  let element = 0;
  while (element < numbers.length) {
    for (let index = 0; index < size; index++) {
      let sum = 0;
      for (const end = element + step; element < end; element++) sum += term(numbers[element]);
      sums[index] += sum;
    }
  }
  return sums;
}

/** Whether an axis belongs to a matrix or kernel: a constant with more than one axis of some length. [channels, 1, 1] is a vector. */
export function isOfMatrix({ value: { constant } }: Axis): boolean {
  return constant !== undefined && constant.shape.filter((size) => size > 1).length >= 2;
}

/** Axes of a layer whose slices say how much it matters: those of its matrices and kernels; of its vectors where it has no others. */
export function scoredAxes(axes: readonly Axis[]): Set<Axis> {
  const constants = axes.filter(({ value }) => value.constant && value.dtype !== 'string');
  const matrices = constants.filter(isOfMatrix);
  return new Set(matrices.length > 0 ? matrices : constants);
}
