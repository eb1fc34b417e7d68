import type { Expr, ScalarType, StorageType, VectorOptions } from '../../codegen/index.js';

/** Numbers of a vector: 128 bits, as SSE2, NEON and WebAssembly have them. */
export const WIDTH = 4;

const operators = new Set(['add', 'sub', 'mul', 'div', 'min', 'max', 'and', 'or', 'xor']);
const comparisons = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);
const loads = new Set<StorageType>(['f32', 'i32', 'i8', 'u8', 'i16', 'u16']);

/** What the vectors of GCC and Clang have: comparisons only to select by. */
export const vectorOptions: VectorOptions = {
  width: WIDTH,
  others: 'loop',
  supports: (expr) => (expr.type === 'f32' || expr.type === 'i32') && hasForm(expr),
};

function hasForm(expr: Expr): boolean {
  switch (expr.kind) {
    case 'load':
      return loads.has(expr.buffer.type);
    case 'binary':
      if (comparisons.has(expr.op)) return expr.left.type === 'f32' || expr.left.type === 'i32';
      return (
        operators.has(expr.op) &&
        !isComparison(expr.left) &&
        !isComparison(expr.right) &&
        (expr.type === 'f32' ? !/and|or/.test(expr.op) : expr.op !== 'div')
      );
    case 'unary':
      return !isComparison(expr.of) && (expr.op === 'neg' || expr.op === 'abs' || (expr.op === 'round' && expr.type === 'f32'));
    case 'cast':
      return !isComparison(expr.of) && (expr.of.type === 'f32' || expr.of.type === 'i32');
    case 'select':
      return isComparison(expr.condition) && !isComparison(expr.yes) && !isComparison(expr.no);
    default:
      return true;
  }
}

function isComparison(expr: Expr): boolean {
  return expr.kind === 'binary' && comparisons.has(expr.op);
}

/** Name of the vector of a type, and of one in memory, which may begin at any element. */
export function vectorName(type: ScalarType): string {
  return `${type}x4`;
}
export function packedName(type: StorageType): string {
  return `${type}x4_packed`;
}

/** Types and functions that kernels of vectors need. */
export const vectorPrelude = `typedef float f32x4 __attribute__((vector_size(16)));
typedef int32_t i32x4 __attribute__((vector_size(16)));
typedef float f32x4_packed __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t i32x4_packed __attribute__((vector_size(16), aligned(4), may_alias));
typedef int16_t i16x4_packed __attribute__((vector_size(8), aligned(2), may_alias));
typedef uint16_t u16x4_packed __attribute__((vector_size(8), aligned(2), may_alias));
typedef int8_t i8x4_packed __attribute__((vector_size(4), aligned(1), may_alias));
typedef uint8_t u8x4_packed __attribute__((vector_size(4), aligned(1), may_alias));
`;

/** Functions of vectors, by name, each written where it is called. */
export const vectorHelpers: Readonly<Record<string, string>> = {
  select_f32x4:
    'static inline f32x4 select_f32x4(i32x4 mask, f32x4 a, f32x4 b) { return (f32x4)(((i32x4)a & mask) | ((i32x4)b & ~mask)); }',
  select_i32x4: 'static inline i32x4 select_i32x4(i32x4 mask, i32x4 a, i32x4 b) { return (a & mask) | (b & ~mask); }',
  splat_f32x4: 'static inline f32x4 splat_f32x4(float a) { return (f32x4){a, a, a, a}; }',
  splat_i32x4: 'static inline i32x4 splat_i32x4(int32_t a) { return (i32x4){a, a, a, a}; }',
  min_f32x4: 'static inline f32x4 min_f32x4(f32x4 a, f32x4 b) { const i32x4 m = a < b; return (f32x4)(((i32x4)a & m) | ((i32x4)b & ~m)); }',
  max_f32x4: 'static inline f32x4 max_f32x4(f32x4 a, f32x4 b) { const i32x4 m = a > b; return (f32x4)(((i32x4)a & m) | ((i32x4)b & ~m)); }',
  min_i32x4: 'static inline i32x4 min_i32x4(i32x4 a, i32x4 b) { const i32x4 m = a < b; return (a & m) | (b & ~m); }',
  max_i32x4: 'static inline i32x4 max_i32x4(i32x4 a, i32x4 b) { const i32x4 m = a > b; return (a & m) | (b & ~m); }',
  abs_f32x4: 'static inline f32x4 abs_f32x4(f32x4 a) { return (f32x4)((i32x4)a & INT32_MAX); }',
  abs_i32x4: 'static inline i32x4 abs_i32x4(i32x4 a) { const i32x4 m = a < 0; return (a ^ m) - m; }',
  round_f32x4: `static inline f32x4 round_f32x4(f32x4 a) {
  const f32x4 r = (a + 12582912.0f) - 12582912.0f;
  const i32x4 m = (a > -4194304.0f) & (a < 4194304.0f);
  return (f32x4)(((i32x4)r & m) | ((i32x4)a & ~m));
}`,
};
