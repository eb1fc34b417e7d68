/**
 * The lower triangle L with L · Lᵀ = A, of a symmetric positive definite matrix in row-major order (Golub and Van Loan, Matrix Computations,
 * 4.2.5). Above the diagonal it is zero.
 * @returns undefined where the matrix is not positive definite.
 */
export function cholesky(matrix: Float64Array, size: number): Float64Array | undefined {
  const lower = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    const own = row * size;
    for (let column = 0; column <= row; column++) {
      const other = column * size;
      let sum = matrix[own + column];
      for (let k = 0; k < column; k++) sum -= lower[own + k] * lower[other + k];
      if (row !== column) lower[own + column] = sum / lower[other + column];
      else if (sum > 0) lower[own + row] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return lower;
}

/** Solves A · x = b by A's Cholesky factor. */
export function solveByCholesky(lower: Float64Array, b: Float64Array): Float64Array {
  const size = b.length;
  const x = b.slice();
  for (let row = 0; row < size; row++) {
    for (let k = 0; k < row; k++) x[row] -= lower[row * size + k] * x[k];
    x[row] /= lower[row * size + row];
  }
  for (let row = size - 1; row >= 0; row--) {
    for (let k = row + 1; k < size; k++) x[row] -= lower[k * size + row] * x[k];
    x[row] /= lower[row * size + row];
  }
  return x;
}

/** The inverse of A, by A's Cholesky factor: the inverse of L first, then L⁻ᵀ · L⁻¹. */
export function inverseByCholesky(lower: Float64Array, size: number): Float64Array {
  const inverted = new Float64Array(size * size);
  for (let column = 0; column < size; column++) {
    inverted[column * size + column] = 1 / lower[column * size + column];
    for (let row = column + 1; row < size; row++) {
      let sum = 0;
      for (let k = column; k < row; k++) sum -= lower[row * size + k] * inverted[k * size + column];
      inverted[row * size + column] = sum / lower[row * size + row];
    }
  }
  const inverse = new Float64Array(size * size);
  for (let k = 0; k < size; k++) {
    for (let row = 0; row <= k; row++) {
      const left = inverted[k * size + row];
      if (left === 0) continue;
      for (let column = 0; column <= row; column++) inverse[row * size + column] += left * inverted[k * size + column];
    }
  }
  for (let row = 0; row < size; row++)
    for (let column = 0; column < row; column++) inverse[column * size + row] = inverse[row * size + column];
  return inverse;
}
