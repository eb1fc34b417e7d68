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
    case 'dot':
      return expr.buffer.type === 'i8' || expr.buffer.type === 'i16';
    case 'select':
      return isComparison(expr.condition) && !isComparison(expr.yes) && !isComparison(expr.no);
    default:
      return true;
  }
}

function isComparison(expr: Expr): boolean {
  return expr.kind === 'binary' && comparisons.has(expr.op);
}

/** What helpers call in turn. */
export const calledBy: Readonly<Record<string, readonly string[]>> = {
  dot_i8x4: ['dot_halves'],
  dot_i16x4: ['dot_halves'],
  requantize_i32x4: ['requantize_halves'],
};

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
typedef int8_t i8x8_packed __attribute__((vector_size(8), aligned(1), may_alias));
typedef int16_t i16x8_packed __attribute__((vector_size(16), aligned(2), may_alias));
typedef int16_t i16x8 __attribute__((vector_size(16)));
typedef uint64_t u64x2 __attribute__((vector_size(16)));
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
  // Of each 32 bits one operand has its upper half empty: what SSE2 multiplies and adds is the product.
  mul_halves: `#ifdef __SSE2__
static inline i32x4 mul_halves(i32x4 a, i32x4 b) { return (i32x4)__builtin_ia32_pmaddwd128((i16x8)a, (i16x8)(b & 65535)); }
#else
static inline i32x4 mul_halves(i32x4 a, i32x4 b) { return a * b; }
#endif`,
  dot_halves: `#ifdef __SSE2__
static inline i32x4 dot_halves(i16x8 w, int32_t a, int32_t b) {
  const int32_t pair = (int32_t)(((uint32_t)b << 16) | ((uint32_t)a & 65535u));
  return (i32x4)__builtin_ia32_pmaddwd128(w, (i16x8)(i32x4){pair, pair, pair, pair});
}
#else
static inline i32x4 dot_halves(i16x8 w, int32_t a, int32_t b) {
  return (i32x4){w[0] * a + w[1] * b, w[2] * a + w[3] * b, w[4] * a + w[5] * b, w[6] * a + w[7] * b};
}
#endif`,
  dot_i8x4: `static inline i32x4 dot_i8x4(const int8_t *w, int32_t a, int32_t b) {
  return dot_halves(__builtin_convertvector(*(const i8x8_packed *)w, i16x8), a, b);
}`,
  dot_i16x4: 'static inline i32x4 dot_i16x4(const int16_t *w, int32_t a, int32_t b) { return dot_halves(*(const i16x8_packed *)w, a, b); }',
  // Products are unsigned here: the sum has 2^31 · multiplier too much, and 2^62 is added for what would be negative.
  requantize_halves: `#ifdef __SSE2__
static inline u64x2 requantize_halves(u64x2 a, u64x2 multiplier, int32_t shift) {
  const u64x2 product = (u64x2)__builtin_ia32_pmuludq128((i32x4)a, (i32x4)multiplier);
  const u64x2 sum = product + ((UINT64_C(1) << 62) - ((multiplier & 0xffffffff) << 31));
  const u64x2 odd = (sum >> shift) & 1;
  return ((sum + ((UINT64_C(1) << (shift - 1)) - 1) + odd) >> shift) - (UINT64_C(1) << (62 - shift));
}
#endif`,
  requantize_i32x4: `#ifdef __SSE2__
static inline i32x4 requantize_i32x4(i32x4 a, i32x4 multiplier, int32_t shift) {
  const u64x2 raised = (u64x2)(a ^ INT32_MIN), by = (u64x2)multiplier;
  const u64x2 even = requantize_halves(raised, by, shift), odd = requantize_halves(raised >> 32, by >> 32, shift);
  return (i32x4)((even & 0xffffffff) | (odd << 32));
}
#else
static inline i32x4 requantize_i32x4(i32x4 a, i32x4 multiplier, int32_t shift) {
  for (int lane = 0; lane < 4; lane++) {
    const int64_t product = (int64_t)a[lane] * multiplier[lane];
    a[lane] = (int32_t)((product + (INT64_C(1) << (shift - 1)) - 1 + ((product >> shift) & 1)) >> shift);
  }
  return a;
}
#endif`,
  abs_f32x4: 'static inline f32x4 abs_f32x4(f32x4 a) { return (f32x4)((i32x4)a & INT32_MAX); }',
  abs_i32x4: 'static inline i32x4 abs_i32x4(i32x4 a) { const i32x4 m = a < 0; return (a ^ m) - m; }',
  round_f32x4: `static inline f32x4 round_f32x4(f32x4 a) {
  const f32x4 r = (a + 12582912.0f) - 12582912.0f;
  const i32x4 m = (a > -4194304.0f) & (a < 4194304.0f);
  return (f32x4)(((i32x4)r & m) | ((i32x4)a & ~m));
}`,
};
