import type { BinaryOperator, ScalarType, UnaryOperator } from '../../../codegen/index.js';

/** Functions that kernels call, made when they are asked for. */
export interface Functions {
  /** Index of the function for an operation on scalars; undefined where it is an instruction. */
  scalar(operation: UnaryOperator | BinaryOperator, type: ScalarType): number | undefined;
  /** Index of the function for four 32-bit floats; undefined where there is none. */
  vector(operation: UnaryOperator | BinaryOperator): number | undefined;
}
