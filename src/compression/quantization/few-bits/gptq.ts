import { inverseFactor } from '../../curvature.js';
import { type Bits, type Blocked, type BlockScale, blocksOf, integerOf, type Rows } from './block-grid.js';

/**
 * Rounds a matrix column by column, and lets the columns that are still to come make up for the error of each, by the curvature of the squared error
 * of the layer's output (GPTQ, Frantar et al. 2022, arXiv 2210.17323). Grids are fitted to what a block holds when its turn comes.
 * @param curvature mean of x · xᵀ over inputs of the layer, [columns, columns]: any multiple of it does the same.
 * @returns undefined where the curvature cannot be inverted.
 */
export function gptq(
  weight: Rows,
  curvature: Float64Array,
  { bits, blockSize, scaleOf }: { bits: Bits; blockSize: number; scaleOf: (values: Float32Array, bits: Bits) => BlockScale },
): Blocked | undefined {
  const { rows, columns } = weight;
  const blocks = blocksOf(columns, blockSize);
  const factor = inverseFactor(curvature, columns);
  if (!factor) return undefined;
  const grid = { bits, blockSize, scales: new Float32Array(rows * blocks), zeros: new Uint8Array(rows * blocks) };
  const integers = new Uint8Array(rows * columns);
  const left = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    left.set(weight.values.subarray(row * columns, (row + 1) * columns));
    let scale: BlockScale = { scale: 1, zero: 0 };
    for (let column = 0; column < columns; column++) {
      if (column % blockSize === 0) {
        scale = scaleOf(Float32Array.from(left.subarray(column, Math.min(columns, column + blockSize))), bits);
        grid.scales[row * blocks + column / blockSize] = scale.scale;
        grid.zeros[row * blocks + column / blockSize] = scale.zero;
      }
      const integer = integerOf(left[column], scale, bits);
      integers[row * columns + column] = integer;
      const error = (left[column] - (integer - scale.zero) * scale.scale) / factor[column * columns + column];
      if (error !== 0) for (let next = column + 1; next < columns; next++) left[next] -= error * factor[column * columns + next];
    }
  }
  return { grid, integers };
}
