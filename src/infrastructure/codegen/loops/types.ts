import type { DataType } from '../../../onnx/index.js';

/** A type that is computed with. Integers narrower than 32 bits are widened as they are read; truth is an i32 of 0 or 1. */
export type ScalarType = 'f32' | 'f64' | 'i32' | 'u32' | 'i64' | 'u64';

/** How elements lie in memory. Below 8 bits several share a byte, the first in its low bits. */
export type StorageType = 'f32' | 'f64' | 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64' | 'i4' | 'u4' | 'i2' | 'u2';

const storage: Partial<Record<DataType, StorageType>> = {
  float32: 'f32',
  float64: 'f64',
  int8: 'i8',
  uint8: 'u8',
  bool: 'u8',
  int16: 'i16',
  uint16: 'u16',
  int32: 'i32',
  uint32: 'u32',
  int64: 'i64',
  uint64: 'u64',
  int4: 'i4',
  uint4: 'u4',
  int2: 'i2',
  uint2: 'u2',
};

/** How a tensor's elements are stored; undefined for types that no target computes with (texts, 16-bit floats). */
export function storageOf(dtype: DataType | undefined): StorageType | undefined {
  return dtype && storage[dtype];
}

/** The type that elements of a storage type have once they are read. */
export function scalarOf(type: StorageType): ScalarType {
  return type === 'f32' || type === 'f64' || type === 'u32' || type === 'i64' || type === 'u64' ? type : 'i32';
}

/** Bits of one element. */
export function bitsOfStorage(type: StorageType): number {
  return Number(type.slice(1));
}

/** Bytes of `count` elements. */
export function bytesOfStorage(type: StorageType, count: number): number {
  return Math.ceil((count * bitsOfStorage(type)) / 8);
}

/** Memory that kernels read and write. */
export interface Buffer {
  /** Unique in a program, and a valid identifier. */
  readonly name: string;
  readonly type: StorageType;
  /** Elements. */
  readonly size: number;
  /**
   * input, output: given by the caller; constant: part of the program; arena: lives between the kernel that makes it and the last that reads it;
   * scratch: lives within one kernel.
   */
  readonly role: 'input' | 'output' | 'constant' | 'arena' | 'scratch';
  /** Elements of a constant, as they are stored. */
  readonly contents?: ArrayLike<number> | ArrayLike<bigint>;
}

/** A number that a kernel names: the count of a loop, or a local. */
export interface Variable {
  readonly id: number;
  /** What it is, for people: "row". */
  readonly hint: string;
  readonly type: ScalarType;
  /** Numbers of a vector; absent for one number. */
  readonly lanes?: number;
  /** Smallest and largest value of a loop's count, where known. */
  readonly range?: readonly [number, number];
}

/** A few numbers that stay in registers: an array that only constants and counts of unrolled or vector loops index. */
export interface Registers {
  readonly id: number;
  readonly hint: string;
  readonly type: ScalarType;
  readonly size: number;
}

export type BinaryOperator =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'mod'
  | 'min'
  | 'max'
  | 'pow'
  | 'atan2'
  | 'fmod'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'shr'
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge';

export type UnaryOperator =
  | 'neg'
  | 'not'
  | 'abs'
  | 'floor'
  | 'ceil'
  | 'trunc'
  | 'round'
  | 'sqrt'
  | 'exp'
  | 'log'
  | 'erf'
  | 'isnan'
  | 'sin'
  | 'cos'
  | 'tan'
  | 'asin'
  | 'acos'
  | 'atan'
  | 'sinh'
  | 'cosh'
  | 'tanh'
  | 'asinh'
  | 'acosh'
  | 'atanh';

/**
 * A value that is computed. Expressions have no effects, so that a renderer may compute one again, earlier, or not at all. One with `lanes` is a vector of
 * that many numbers, beside each other in memory and registers; `vectorized` makes those of vector loops.
 */
export type Expr =
  | NumberExpr
  | VariableExpr
  | SumExpr
  | LoadExpr
  | RegisterExpr
  | BinaryExpr
  | UnaryExpr
  | SelectExpr
  | CastExpr
  | SplatExpr
  | DotExpr
  | RequantizeExpr;

export interface NumberExpr {
  readonly kind: 'number';
  readonly type: ScalarType;
  readonly value: number | bigint;
}
export interface VariableExpr {
  readonly kind: 'variable';
  readonly type: ScalarType;
  readonly lanes?: number;
  readonly variable: Variable;
}
/** An i32 sum of multiples: what indices are. No two terms are of the same expression, no factor is 0, and no term is a sum or a number. */
export interface SumExpr {
  readonly kind: 'sum';
  readonly type: 'i32';
  readonly terms: readonly { readonly of: Expr; readonly factor: number }[];
  readonly constant: number;
}
export interface LoadExpr {
  readonly kind: 'load';
  readonly type: ScalarType;
  readonly lanes?: number;
  readonly buffer: Buffer;
  /** Element. */
  readonly index: Expr;
}
export interface RegisterExpr {
  readonly kind: 'register';
  readonly type: ScalarType;
  readonly lanes?: number;
  readonly registers: Registers;
  readonly index: Expr;
}
/** Operands of a type; comparisons give an i32. `div` and `mod` of integers cut towards zero; `shr` keeps the sign of signed ones. */
export interface BinaryExpr {
  readonly kind: 'binary';
  readonly type: ScalarType;
  readonly lanes?: number;
  readonly op: BinaryOperator;
  readonly left: Expr;
  readonly right: Expr;
}
/** `round` goes to the nearest, of two to the even one; `not` is 1 for 0 and else 0. */
export interface UnaryExpr {
  readonly kind: 'unary';
  readonly type: ScalarType;
  readonly lanes?: number;
  readonly op: UnaryOperator;
  readonly of: Expr;
}
/** Only the side that is chosen is computed: the other may read outside of its buffer. */
export interface SelectExpr {
  readonly kind: 'select';
  readonly type: ScalarType;
  readonly lanes?: number;
  readonly condition: Expr;
  readonly yes: Expr;
  readonly no: Expr;
}
/** Floats become integers by cutting towards zero and must be in range. */
export interface CastExpr {
  readonly kind: 'cast';
  readonly type: ScalarType;
  readonly lanes?: number;
  readonly of: Expr;
}

/** One number in all lanes of a vector. */
export interface SplatExpr {
  readonly kind: 'splat';
  readonly type: ScalarType;
  readonly lanes: number;
  readonly of: Expr;
}

/**
 * x[0] · buffer[index] + x[1] · buffer[index + 1], of integers that fit into 16 bits. A vector's lane k reads from index + 2 · k on: processors multiply and
 * add such pairs at once.
 */
export interface DotExpr {
  readonly kind: 'dot';
  readonly type: 'i32';
  readonly lanes?: number;
  readonly x: readonly [Expr, Expr];
  readonly buffer: Buffer;
  readonly index: Expr;
}
/** of · multiplier / 2^shift to the nearest integer, of two to the even one. 0 <= multiplier < 2^31, 1 <= shift <= 62, and the result has 32 bits. */
export interface RequantizeExpr {
  readonly kind: 'requantize';
  readonly type: 'i32';
  readonly lanes?: number;
  readonly of: Expr;
  readonly multiplier: Expr;
  readonly shift: number;
}

export type Statement =
  | ForStatement
  | WhileStatement
  | DeclareStatement
  | RegistersStatement
  | AssignStatement
  | SetStatement
  | StoreStatement
  | IfStatement;

export interface ForStatement {
  readonly kind: 'for';
  readonly variable: Variable;
  readonly from: Expr;
  /** The first value that is not taken. */
  readonly to: Expr;
  readonly step: number;
  readonly body: readonly Statement[];
  /**
   * Rounds are independent and of a constant number, and each access of the body is either the same for all or next to that of the round before: a
   * renderer may run them at once.
   */
  readonly vector?: boolean;
}
export interface WhileStatement {
  readonly kind: 'while';
  readonly condition: Expr;
  readonly body: readonly Statement[];
}
/** A local that is set once, or again by `assign`. */
export interface DeclareStatement {
  readonly kind: 'declare';
  readonly variable: Variable;
  readonly value: Expr;
}
/** Registers, with undefined contents. */
export interface RegistersStatement {
  readonly kind: 'registers';
  readonly registers: Registers;
}
export interface AssignStatement {
  readonly kind: 'assign';
  readonly variable: Variable;
  readonly value: Expr;
}
export interface SetStatement {
  readonly kind: 'set';
  readonly registers: Registers;
  /** The first of the lanes, for a vector. */
  readonly index: Expr;
  readonly value: Expr;
}
/** Of elements below 8 bits, the others in the same byte stay as they are: what is stored is cut to the element's bits. */
export interface StoreStatement {
  readonly kind: 'store';
  readonly buffer: Buffer;
  readonly index: Expr;
  readonly value: Expr;
}
export interface IfStatement {
  readonly kind: 'if';
  readonly condition: Expr;
  readonly yes: readonly Statement[];
  readonly no?: readonly Statement[];
}

/** One loop nest over buffers: what becomes a function. */
export interface Kernel {
  /** What it computes, for people: the names of the nodes. */
  readonly title: string;
  /** A short name of its kind: "conv". */
  readonly kind: string;
  readonly body: readonly Statement[];
  /** The same for processors without vectors, where another order of the loops suits them. Reads and writes the same. */
  readonly plain?: readonly Statement[];
  /** Multiply-accumulates, and elements that it makes: for `plan` and `estimate`. */
  readonly macs: number;
  readonly elements: number;
}
