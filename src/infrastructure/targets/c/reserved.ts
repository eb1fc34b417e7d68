/** Words that C and C++ keep for themselves, up to C23 and C++23. */
const KEYWORDS =
  'alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class compl concept const const_cast consteval ' +
  'constexpr constinit continue co_await co_return co_yield decltype default delete do double dynamic_cast else enum explicit export extern false float for ' +
  'friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public register ' +
  'reinterpret_cast requires restrict return short signed sizeof static static_assert static_cast struct switch template this thread_local throw true try ' +
  'typedef typeid typename typeof typeof_unqual union unsigned using virtual void volatile wchar_t while xor xor_eq';

/** Names that are macros in small letters: of the standard's headers, and what compilers define where they are not told to keep to the standard. */
const MACROS =
  'assert complex errno fpclassify imaginary isfinite isgreater isgreaterequal isinf isless islessequal islessgreater isnan isnormal isunordered kill_dependency ' +
  'math_errhandling noreturn offsetof setjmp signbit stderr stdin stdout unreachable va_arg va_copy va_end va_start i386 linux mips sun unix';

/** Functions of <math.h>, each of which is there for float and long double, too; the second line is what systems add. */
const FUNCTIONS =
  'acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim floor fma fmax fmin fmod frexp hypot ilogb ldexp lgamma ' +
  'llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint nextafter nexttoward pow remainder remquo rint round scalbln scalbn sin sinh sqrt ' +
  'tan tanh tgamma trunc ' +
  'drem exp10 finite gamma infinity j0 j1 jn lgamma_r pow10 roundeven scalb significand signgam sincos y0 y1 yn';

const words = (text: string) => text.split(' ');

const RESERVED: ReadonlySet<string> = new Set([
  ...words(KEYWORDS),
  ...words(MACROS),
  ...words(FUNCTIONS).flatMap((each) => [each, `${each}f`, `${each}l`]),
  'main',
  // The parameter of every function that is written.
  'arena',
]);

/**
 * Whether a name may mean something else where code is compiled: words of the languages, types (which end in _t), functions that are called, and what
 * macros are called, which are written in capitals. A capital alone is left, but for the imaginary unit.
 */
export function isReserved(name: string): boolean {
  return RESERVED.has(name) || /_t$/.test(name) || /^[A-Z][A-Z0-9_]*[A-Z_][A-Z0-9_]*$/.test(name) || name === 'I';
}
