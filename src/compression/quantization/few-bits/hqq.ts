import { type Bits, type BlockScale, integerOf, nearestScale } from './block-grid.js';

/** As in the reference: errors count by their magnitude to this power, which few large ones sway less than squares would. */
const NORM = 0.7;
const PULL = 10;
const PULL_GROWTH = 1.01;
const ITERATIONS = 20;

/**
 * The grid of a block by half-quadratic quantization (HQQ, Badri and Shaji 2023): the zero point that leaves the error sparse, found in turns
 * with an error that is shrunk towards zero. Needs no data. Zero points are integers here, so that the one found is rounded, and the scale
 * fitted to the integers by least squares; of these grids and that of round to nearest, the one of least error in the same norm is taken.
 */
export function hqqScale(values: Float32Array, bits: Bits): BlockScale {
  const nearest = nearestScale(values, bits);
  const solved = solvedZero(values, nearest, bits);
  let best = nearest;
  let least = errorOf(values, nearest, bits);
  for (const grid of [solved, refitted(values, solved, bits), refitted(values, nearest, bits)]) {
    const error = errorOf(values, grid, bits);
    if (error < least) [best, least] = [grid, error];
  }
  return best;
}

/** The zero point by half-quadratic splitting, rounded to an integer. */
function solvedZero(values: Float32Array, { scale, zero: from }: BlockScale, bits: Bits): BlockScale {
  const top = 2 ** bits - 1;
  let zero = from;
  let pull = PULL;
  let last = Number.POSITIVE_INFINITY;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    let [sum, error] = [0, 0];
    for (const value of values) {
      const integer = Math.min(top, Math.max(0, Math.round(value / scale + zero)));
      const rest = value - (integer - zero) * scale;
      error += Math.abs(rest);
      const shrunk = rest === 0 ? 0 : Math.sign(rest) * Math.max(0, Math.abs(rest) - Math.abs(rest) ** (NORM - 1) / pull);
      sum += integer - (value - shrunk) / scale;
    }
    if (error >= last) break;
    last = error;
    zero = sum / values.length;
    pull *= PULL_GROWTH;
  }
  return { scale, zero: Math.min(top, Math.max(0, Math.round(zero))) };
}

/** The scale of least squares for the integers that a grid gives. */
function refitted(values: Float32Array, grid: BlockScale, bits: Bits): BlockScale {
  let [product, square] = [0, 0];
  for (const value of values) {
    const step = integerOf(value, grid, bits) - grid.zero;
    product += step * value;
    square += step * step;
  }
  const scale = Math.fround(product / square);
  return scale > 2 ** -126 ? { scale, zero: grid.zero } : grid;
}

function errorOf(values: Float32Array, grid: BlockScale, bits: Bits): number {
  let error = 0;
  for (const value of values) error += Math.abs(value - (integerOf(value, grid, bits) - grid.zero) * grid.scale) ** NORM;
  return error;
}
