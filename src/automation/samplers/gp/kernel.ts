import type { Axis } from '../rows.js';

/** How a numeric parameter that a point does not have is taken: as in the middle; a choice: as one of its own. */
const MIDDLE = 0.5;

const ROOT5 = Math.sqrt(5);

/** What two points differ by along each axis, squared: a distance on the unit scale, or for choices 0 (the same) or 1 (Hamming). */
export function squaredDifference(axis: Axis, a: number, b: number): number {
  if (axis.choices !== undefined) return a === b || (Number.isNaN(a) && Number.isNaN(b)) ? 0 : 1;
  const difference = (Number.isNaN(a) ? MIDDLE : a) - (Number.isNaN(b) ? MIDDLE : b);
  return difference * difference;
}

/** The Matérn kernel with ν = 5/2, of the squared distance in lengths. */
export function matern(squared: number): number {
  const r = ROOT5 * Math.sqrt(squared);
  return (1 + r + (r * r) / 3) * Math.exp(-r);
}

/** The negative derivative of `matern` by the squared distance. */
export function maternSlope(squared: number): number {
  const r = ROOT5 * Math.sqrt(squared);
  return (5 / 6) * (1 + r) * Math.exp(-r);
}
