import { sizeOf } from '../../base/index.js';
import type { Value } from '../../onnx/index.js';
import { type GradientRule, ZERO } from '../rule.js';
import { partials } from '../shared/elementwise.js';
import { formula } from '../shared/formula.js';
import { reshapeTo } from '../shared/gradients.js';

/**
 * dA = dY·Bᵀ and dB = Aᵀ·dY. A vector is a matrix with one row (on the left) or column (on the right) here; the engine sums what was
 * broadcast. Products with a plain matrix are one Gemm over all rows, which needs no transposed copy.
 */
export const matMulGradient: GradientRule = (context) => {
  const f = formula(context);
  const [a, b] = [context.input(0), context.input(1)];
  const [left, right] = [context.shape(a), context.shape(b)];
  const rows = left.length === 1 ? [1, left[0]] : left;
  const columns = right.length === 1 ? [right[0], 1] : right;
  const given = context.shape(context.output());
  const batch = given.slice(0, given.length - Number(left.length > 1) - Number(right.length > 1));
  const [m, k, n] = [rows[rows.length - 2], rows[rows.length - 1], columns[columns.length - 1]];
  const dy = reshapeTo(context.build, context.grad(), [...batch, m, n]);
  const [matrixA, matrixB] = [reshapeTo(context.build, a, rows), reshapeTo(context.build, b, columns)];
  const flat = (value: Value, width: number) => reshapeTo(context.build, value, [sizeOf(batch) * m, width]);
  const plainB = columns.length === 2;
  return partials(
    context,
    () =>
      plainB
        ? reshapeTo(context.build, f.gemm(flat(dy, n), matrixB, { transB: true }), [...batch, m, k])
        : f.matmul(dy, f.transposed(matrixB)),
    () => {
      const whole = plainB ? f.gemm(flat(matrixA, k), flat(dy, n), { transA: true }) : f.matmul(f.transposed(matrixA), dy);
      return right.length === 1 ? reshapeTo(context.build, whole, right) : whole;
    },
  );
};

/** Y = alpha · A' · B' + beta · C, where A' and B' may be transposed. Every gradient is one Gemm. */
export const gemmGradient: GradientRule = (context) => {
  const f = formula(context);
  const { node } = context;
  const [transA, transB] = [node.int('transA', 0) === 1, node.int('transB', 0) === 1];
  const [a, b, dy] = [context.input(0), context.input(1), context.grad()];
  const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)];
  const factors = partials(
    context,
    () => (transA ? f.gemm(b, dy, { transA: transB, transB: true, alpha }) : f.gemm(dy, b, { transB: !transB, alpha })),
    () => (transB ? f.gemm(dy, a, { transA: true, transB: transA, alpha }) : f.gemm(a, dy, { transA: !transA, alpha })),
  );
  if (!context.needs(2)) return factors;
  return [...factors, beta === 0 ? ZERO : beta === 1 ? dy : f.mul(dy, beta)];
};
