/** Eigenvalues of a symmetric matrix, largest first, and a unit eigenvector for each. */
export interface Eigen {
  values: Float64Array;
  vectors: Float64Array[];
}

/** Sweeps that no matrix of doubles needs: convergence is quadratic after a few. */
const MOST_SWEEPS = 50;

/**
 * Eigenvalues and eigenvectors of a real symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations, 8.5). For small
 * matrices, some hundred rows at most: each sweep costs O(n³).
 * @param matrix its rows, n × n; only the values on and above the diagonal count. Left as it is.
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const a = Array.from({ length: n }, (_, i) => Float64Array.from({ length: n }, (_, j) => matrix[Math.min(i, j) * n + Math.max(i, j)]));
  const vectors = Array.from({ length: n }, (_, i) => Float64Array.from({ length: n }, (_, j) => Number(i === j)));
  const scale = Math.hypot(...a.map((row) => Math.hypot(...row)));
  for (let sweep = 0; sweep < MOST_SWEEPS && offDiagonal(a) > Number.EPSILON * scale; sweep++)
    for (let p = 0; p < n - 1; p++) for (let q = p + 1; q < n; q++) rotate(a, vectors, p, q);
  const order = a.map((_, i) => i).sort((i, j) => a[j][j] - a[i][i]);
  return { values: Float64Array.from(order, (i) => a[i][i]), vectors: order.map((i) => vectors[i]) };
}

function offDiagonal(a: readonly Float64Array[]): number {
  return Math.hypot(...a.map((row, i) => Math.hypot(...row.subarray(0, i))));
}

/** The rotation in the plane of p and q that makes a[p][q] zero; row i of `vectors` goes with row i of `a`. */
function rotate(a: readonly Float64Array[], vectors: readonly Float64Array[], p: number, q: number): void {
  if (a[p][q] === 0) return;
  const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  for (const row of a) [row[p], row[q]] = [c * row[p] - s * row[q], s * row[p] + c * row[q]];
  for (const rows of [a, vectors])
    for (let k = 0; k < a.length; k++) [rows[p][k], rows[q][k]] = [c * rows[p][k] - s * rows[q][k], s * rows[p][k] + c * rows[q][k]];
}
