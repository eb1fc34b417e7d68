import { Random } from '../../base/index.js';

/** Leading singular values of a matrix, largest first, and what goes with each: W ≈ Σ left[i] · right[i]ᵀ. */
export interface Factors {
  values: Float64Array;
  /** values.length vectors of m numbers and of n numbers, each scaled by the root of the singular value. */
  left: Float64Array[];
  right: Float64Array[];
}

/** Up to so many rows or columns the decomposition is exact; beyond, it looks at a subspace that holds the leading part. */
const EXACT = 128;
/** Vectors of that subspace beyond those wanted, and how often it is turned towards the leading ones. */
const SPARE = 8;
const TURNS = 3;
/** Cosine of the angle between rows that count as orthogonal, and sweeps that no matrix of doubles needs. */
const ORTHOGONAL = 1e-10;
const MOST_SWEEPS = 40;

/**
 * The leading `rank` singular triplets of a matrix [m, n], by one-sided Jacobi rotations (Hestenes 1958; Golub and Van Loan, Matrix Computations, 8.6): of its
 * rows or columns, for large matrices of its projection to a subspace found by randomized power iteration (Halko, Martinsson and Tropp 2011, SIAM Review 53(2),
 * algorithm 4.4). Truncated there, the matrix is the best one of its rank (Eckart and Young 1936); of large matrices with a flat spectrum, to about a hundredth.
 * @param matrix its rows, m × n.
 * @param rank at most min(m, n).
 */
export function leadingFactors(matrix: Float64Array, [m, n]: readonly [number, number], rank: number): Factors {
  if (m > n) {
    const { values, left, right } = leadingFactors(transposed(matrix, m, n), [n, m], rank);
    return { values, left: right, right: left };
  }
  const size = m <= EXACT ? m : Math.min(m, rank + SPARE);
  const rows =
    size === m
      ? Array.from({ length: m }, (_, row) => matrix.slice(row * n, (row + 1) * n))
      : leadingSubspace(matrix, m, n, size).map((vector) => transposedTimes(matrix, m, n, vector));
  const leading = orthogonalized(rows).slice(0, rank);
  const values = Float64Array.from(leading, (row) => Math.sqrt(dot(row, row)));
  const scaled = (vector: Float64Array, factor: number) => vector.map((number) => number * factor);
  const inverse = Array.from(values, (value) => (value > 0 ? 1 / value : 0));
  return {
    values,
    left: leading.map((row, i) => scaled(times(matrix, m, n, row), inverse[i] * Math.sqrt(inverse[i]))),
    right: leading.map((row, i) => scaled(row, Math.sqrt(inverse[i]))),
  };
}

/** Rows of the same Gram matrix of columns that are orthogonal to each other, the longest first: singular values times right singular vectors. In place. */
function orthogonalized(rows: Float64Array[]): Float64Array[] {
  const byLength = () => {
    const lengths = new Map(rows.map((row) => [row, dot(row, row)]));
    rows.sort((a, b) => (lengths.get(b) as number) - (lengths.get(a) as number));
  };
  let turned = true;
  for (let sweep = 0; turned && sweep < MOST_SWEEPS; sweep++) {
    turned = false;
    byLength();
    for (let i = 0; i < rows.length - 1; i++) for (let j = i + 1; j < rows.length; j++) if (turn(rows[i], rows[j])) turned = true;
  }
  byLength();
  return rows;
}

/** Turns two vectors in their plane until they are orthogonal. @returns whether they were not. */
function turn(a: Float64Array, b: Float64Array): boolean {
  const [aa, bb, ab] = [dot(a, a), dot(b, b), dot(a, b)];
  if (Math.abs(ab) <= ORTHOGONAL * Math.sqrt(aa * bb)) return false;
  const zeta = (bb - aa) / (2 * ab);
  const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(zeta, 1));
  const cosine = 1 / Math.hypot(tangent, 1);
  const sine = tangent * cosine;
  for (let k = 0; k < a.length; k++) {
    const [x, y] = [a[k], b[k]];
    a[k] = cosine * x - sine * y;
    b[k] = sine * x + cosine * y;
  }
  return true;
}

/** An orthonormal basis of what the matrix does most to, of `size` vectors of m numbers. */
function leadingSubspace(matrix: Float64Array, m: number, n: number, size: number): Float64Array[] {
  const random = new Random('leading-subspace');
  const begin = Array.from({ length: size }, () => Float64Array.from({ length: n }, () => random.normal()));
  let basis = orthonormal(begin.map((vector) => times(matrix, m, n, vector)));
  for (let turn = 0; turn < TURNS; turn++) {
    const back = orthonormal(basis.map((vector) => transposedTimes(matrix, m, n, vector)));
    basis = orthonormal(back.map((vector) => times(matrix, m, n, vector)));
  }
  return basis;
}

function transposed(matrix: Float64Array, m: number, n: number): Float64Array {
  return Float64Array.from({ length: m * n }, (_, i) => matrix[(i % m) * n + Math.floor(i / m)]);
}

/** The same span by the modified Gram-Schmidt process, twice over each vector so that rounding does not add up; in place. */
function orthonormal(vectors: Float64Array[]): Float64Array[] {
  for (const [i, vector] of vectors.entries()) {
    const before = Math.sqrt(dot(vector, vector));
    for (let pass = 0; pass < 2; pass++) for (let j = 0; j < i; j++) addScaled(vector, vectors[j], -dot(vector, vectors[j]));
    const norm = Math.sqrt(dot(vector, vector));
    // What depends on those before adds nothing: a matrix of lower rank has no more directions.
    if (norm <= 1e-12 * before) vector.fill(0);
    else for (let k = 0; k < vector.length; k++) vector[k] /= norm;
  }
  return vectors;
}

function times(matrix: Float64Array, m: number, n: number, vector: Float64Array): Float64Array {
  return Float64Array.from({ length: m }, (_, row) => dot(matrix.subarray(row * n, (row + 1) * n), vector));
}

function transposedTimes(matrix: Float64Array, m: number, n: number, vector: Float64Array): Float64Array {
  const sum = new Float64Array(n);
  for (let row = 0; row < m; row++) if (vector[row] !== 0) addScaled(sum, matrix.subarray(row * n, (row + 1) * n), vector[row]);
  return sum;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function addScaled(sum: Float64Array, vector: Float64Array, factor: number): void {
  for (let i = 0; i < sum.length; i++) sum[i] += factor * vector[i];
}
