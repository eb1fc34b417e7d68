/** Functions that kernels call, each written into the source where one does. */
export const helpers: Readonly<Record<string, string>> = {
  min_f32: 'static inline float min_f32(float a, float b) { return a < b ? a : b; }',
  max_f32: 'static inline float max_f32(float a, float b) { return a > b ? a : b; }',
  min_f64: 'static inline double min_f64(double a, double b) { return a < b ? a : b; }',
  max_f64: 'static inline double max_f64(double a, double b) { return a > b ? a : b; }',
  min_i32: 'static inline int32_t min_i32(int32_t a, int32_t b) { return a < b ? a : b; }',
  max_i32: 'static inline int32_t max_i32(int32_t a, int32_t b) { return a > b ? a : b; }',
  min_u32: 'static inline uint32_t min_u32(uint32_t a, uint32_t b) { return a < b ? a : b; }',
  max_u32: 'static inline uint32_t max_u32(uint32_t a, uint32_t b) { return a > b ? a : b; }',
  min_i64: 'static inline int64_t min_i64(int64_t a, int64_t b) { return a < b ? a : b; }',
  max_i64: 'static inline int64_t max_i64(int64_t a, int64_t b) { return a > b ? a : b; }',
  min_u64: 'static inline uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }',
  max_u64: 'static inline uint64_t max_u64(uint64_t a, uint64_t b) { return a > b ? a : b; }',
  abs_i32: 'static inline int32_t abs_i32(int32_t a) { return a < 0 ? -a : a; }',
  abs_i64: 'static inline int64_t abs_i64(int64_t a) { return a < 0 ? -a : a; }',
  requantize: `static int32_t requantize(int32_t a, int32_t multiplier, int32_t shift) {
  const int64_t product = (int64_t)a * multiplier;
  return (int32_t)((product + (INT64_C(1) << (shift - 1)) - 1 + ((product >> shift) & 1)) >> shift);
}`,
  // Adding 1.5 · 2^23 leaves no bits for a fraction: rounds to the nearest, of two to the even one, without a call.
  round_f32: 'static inline float round_f32(float a) { return a > -4194304.0f && a < 4194304.0f ? (a + 12582912.0f) - 12582912.0f : a; }',
  load_i4:
    'static inline int32_t load_i4(const uint8_t *a, int32_t i) { const int32_t v = (a[i >> 1] >> (4 * (i & 1))) & 15; return v - ((v & 8) << 1); }',
  load_u4: 'static inline int32_t load_u4(const uint8_t *a, int32_t i) { return (a[i >> 1] >> (4 * (i & 1))) & 15; }',
  load_i2:
    'static inline int32_t load_i2(const uint8_t *a, int32_t i) { const int32_t v = (a[i >> 2] >> (2 * (i & 3))) & 3; return v - ((v & 2) << 1); }',
  store_4:
    'static inline void store_4(uint8_t *a, int32_t i, int32_t v) { const int32_t s = 4 * (i & 1); a[i >> 1] = (uint8_t)((a[i >> 1] & ~(15 << s)) | ((v & 15) << s)); }',
  store_2:
    'static inline void store_2(uint8_t *a, int32_t i, int32_t v) { const int32_t s = 2 * (i & 3); a[i >> 2] = (uint8_t)((a[i >> 2] & ~(3 << s)) | ((v & 3) << s)); }',
  load_u2: 'static inline int32_t load_u2(const uint8_t *a, int32_t i) { return (a[i >> 2] >> (2 * (i & 3))) & 3; }',
};

/** Functions of <math.h> for doubles; those for floats have an f at the end. */
export const mathFunctions: Readonly<Record<string, string>> = {
  floor: 'floor',
  ceil: 'ceil',
  trunc: 'trunc',
  round: 'rint',
  sqrt: 'sqrt',
  exp: 'exp',
  log: 'log',
  erf: 'erf',
  abs: 'fabs',
  sin: 'sin',
  cos: 'cos',
  tan: 'tan',
  asin: 'asin',
  acos: 'acos',
  atan: 'atan',
  sinh: 'sinh',
  cosh: 'cosh',
  tanh: 'tanh',
  asinh: 'asinh',
  acosh: 'acosh',
  atanh: 'atanh',
  pow: 'pow',
  atan2: 'atan2',
  fmod: 'fmod',
};
