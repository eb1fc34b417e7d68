import { codeOf, type DataType, floatAttribute, type GraphBuilder, type Value } from '../../onnx/index.js';
import type { GradientContext } from '../rule.js';

/** An operand of a formula: a value, or a number that stands for a scalar constant of the formula's element type. */
export type Term = Value | number;

interface GemmOptions {
  transA?: boolean;
  transB?: boolean;
  alpha?: number;
  plus?: Value;
}

/** Writes arithmetic into a graph as formulas: `f.mul(dy, f.sub(1, y))`. Every call adds one node, or one per extra operand. */
export class Formula {
  readonly build: GraphBuilder;
  readonly dtype: DataType;

  constructor(build: GraphBuilder, dtype: DataType = 'float32') {
    this.build = build;
    this.dtype = dtype;
  }

  value(term: Term): Value {
    return typeof term === 'number' ? this.build.scalar(term, this.dtype) : term;
  }

  add(...terms: readonly Term[]): Value {
    return this.#fold('Add', terms);
  }

  mul(...terms: readonly Term[]): Value {
    return this.#fold('Mul', terms);
  }

  sub(a: Term, b: Term): Value {
    return this.#fold('Sub', [a, b]);
  }

  div(a: Term, b: Term): Value {
    return this.#fold('Div', [a, b]);
  }

  min(a: Term, b: Term): Value {
    return this.#fold('Min', [a, b]);
  }

  max(a: Term, b: Term): Value {
    return this.#fold('Max', [a, b]);
  }

  pow(a: Term, b: Term): Value {
    return this.#fold('Pow', [a, b]);
  }

  square(a: Value): Value {
    return this.mul(a, a);
  }

  /** A function of one argument: `f.of('Exp', x)`. */
  of(op: string, a: Term): Value {
    return this.build.op(op, [this.value(a)]);
  }

  /** 1 where the comparison holds and 0 elsewhere, in the formula's element type: multiplying by it is faster than Where. */
  mask(comparison: 'Greater' | 'GreaterOrEqual' | 'Less' | 'LessOrEqual' | 'Equal', a: Term, b: Term): Value {
    return this.indicator(this.build.op(comparison, [this.value(a), this.value(b)]));
  }

  /**
   * 1 where `a` is above zero and 0 elsewhere. A steep HardSigmoid, where there is one, is a single pass over floats, three times faster
   * than comparing and casting; it is less than 1 only below 4e-39, where floats are subnormal.
   */
  positive(a: Value): Value {
    if (this.dtype !== 'float32') return this.mask('Greater', a, 0);
    return this.build.op('HardSigmoid', [a], { alpha: floatAttribute(3e38), beta: floatAttribute(0) });
  }

  /** A boolean as 0 and 1. */
  indicator(condition: Value): Value {
    return this.build.op('Cast', [condition], { to: codeOf(this.dtype) });
  }

  sum(a: Value, axes: readonly number[], keep = true): Value {
    return axes.length === 0 ? a : this.build.op('ReduceSum', [a, this.build.ints(axes)], { keepdims: keep ? 1 : 0 });
  }

  expand(a: Value, shape: readonly number[]): Value {
    return this.build.op('Expand', [a, this.build.ints(shape)]);
  }

  reshape(a: Value, shape: readonly number[]): Value {
    return this.build.op('Reshape', [a, this.build.ints(shape)]);
  }

  /** Matrix product of two matrices, either of them transposed, times `alpha`, `plus` a matrix or a row that is added to each row. */
  gemm(a: Value, b: Value, { transA = false, transB = false, alpha = 1, plus }: GemmOptions = {}): Value {
    return this.build.op('Gemm', [a, b, plus], { transA: Number(transA), transB: Number(transB), alpha: floatAttribute(alpha) });
  }

  matmul(a: Value, b: Value): Value {
    return this.build.op('MatMul', [a, b]);
  }

  transpose(a: Value, perm: readonly number[]): Value {
    return this.build.op('Transpose', [a], { perm });
  }

  /** A batch of matrices, each transposed. */
  transposed(a: Value): Value {
    const rank = a.shape?.length ?? 0;
    const perm = Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
    return this.transpose(a, perm);
  }

  concat(axis: number, ...parts: readonly Value[]): Value {
    return this.build.op('Concat', parts, { axis });
  }

  /** Parts of the given sizes along an axis. */
  split(a: Value, axis: number, sizes: readonly number[]): Value[] {
    return this.build.node('Split', [a, this.build.ints(sizes)], { axis }, { outputs: sizes.length });
  }

  #fold(op: string, terms: readonly Term[]): Value {
    return terms.map((term) => this.value(term)).reduce((a, b) => this.build.op(op, [a, b]));
  }
}

/** A formula in the element type of the node's first output. */
export function formula(context: GradientContext): Formula {
  return new Formula(context.build, context.output().dtype);
}
