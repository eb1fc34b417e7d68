import type { FunctionBody } from '../assembler/index.js';
import { Lanes, type Node } from './lanes.js';

/** Taylor coefficients of e^x behind 1 + x: for |x| <= ln(2) / 2 the next would change nothing. */
const EXPONENTIAL = [1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040];
/** ln 2 in two parts: the first has few bits, so that its products with small integers are exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = Math.LN2 - LN2_HIGH;

/** e^x = 2^n · e^r, where n is the integer nearest to x / ln 2. */
function exponential(m: Lanes, of: Node): Node {
  // Beyond these it is 0 and infinite.
  const x = m.name(m.min(m.max(of, m.float(-104)), m.float(89)));
  const n = m.name(m.nearest(m.mul(x, m.float(Math.LOG2E))));
  const r = m.name(m.sub(m.sub(x, m.mul(n, m.float(LN2_HIGH))), m.mul(n, m.float(LN2_LOW))));
  const power = m.add(m.float(1), m.add(r, m.mul(m.mul(r, r), m.polynomial(r, EXPONENTIAL))));
  // Two factors: 2^n alone may be too large or too small for a float of full precision.
  const whole = m.name(m.toInteger(n), 'i32');
  const half = m.name(m.shift(whole, -1), 'i32');
  const powerOfTwo = (exponent: Node) => m.fromBits(m.shift(m.addIntegers(exponent, m.integer(127)), 23));
  return m.mul(m.mul(power, powerOfTwo(half)), powerOfTwo(m.subIntegers(whole, half)));
}

/** ln x = n · ln 2 + 2 artanh((f - 1) / (f + 1)), where x = 2^n · f and f lies between √½ and √2. */
function logarithm(m: Lanes): Node {
  const { x } = m;
  const tiny = m.name(m.lt(x, m.float(2 ** -126)), 'i32');
  const normal = m.name(m.select(tiny, m.mul(x, m.float(2 ** 24)), x));
  // Taking the bits of √½ off carries into the exponent just where f is to be halved.
  const bits = m.name(m.subIntegers(m.bits(normal), m.integer(0x3f3504f3)), 'i32');
  const n = m.name(m.sub(m.toFloat(m.shift(bits, -23)), m.select(tiny, m.float(24), m.float(0))));
  const f = m.name(m.fromBits(m.addIntegers(m.and(bits, m.integer(0x007fffff)), m.integer(0x3f3504f3))));
  const d = m.name(m.sub(f, m.float(1)));
  const s = m.name(m.div(d, m.add(m.float(2), d)));
  const z = m.name(m.mul(s, s));
  const series = m.name(m.mul(z, m.polynomial(z, [2 / 3, 2 / 5, 2 / 7, 2 / 9])));
  // 2s = d - s · d: the rounding of s is not doubled.
  const fraction = m.sub(d, m.mul(s, m.sub(d, series)));
  const value = m.name(m.add(m.mul(n, m.float(LN2_HIGH)), m.add(fraction, m.mul(n, m.float(LN2_LOW)))));
  const positive = m.select(m.lt(x, m.float(Number.POSITIVE_INFINITY)), value, x);
  const ofZero = m.select(m.lt(m.abs(x), m.float(2 ** -149)), m.float(Number.NEGATIVE_INFINITY), positive);
  return m.select(m.lt(x, m.float(0)), m.float(Number.NaN), ofZero);
}

/** Near zero the continued fraction of the tangent, elsewhere 1 - 2 / (e^2x + 1). */
function hyperbolicTangent(m: Lanes): Node {
  const x = m.name(m.abs(m.x));
  const z = m.name(m.mul(x, x));
  const near = m.name(m.lt(x, m.float(0.625)), 'i32');
  const power = m.name(exponential(m, m.add(x, x)));
  const above = m.select(near, m.mul(m.mul(x, z), m.polynomial(z, [-315, -14])), m.float(-2));
  const below = m.select(near, m.polynomial(z, [945, 420, 15]), m.add(power, m.float(1)));
  return m.withSign(m.add(m.select(near, x, m.float(1)), m.div(above, below)), m.x);
}

/** Coefficients of the Maclaurin series of erf(x) / x in x². */
const NEAR = Array.from({ length: 11 }, (_, k) => {
  let factorial = 1;
  for (let i = 2; i <= k; i++) factorial *= i;
  return (k % 2 === 0 ? 2 : -2) / Math.sqrt(Math.PI) / (factorial * (2 * k + 1));
});

/** erfc(x) · e^(x²) as a polynomial of 1 / (1 + x / 2) for 1 <= x <= 4: least squares on Chebyshev's points, relative error below 3e-8. */
const FAR = [0.0005351084452, 0.2745317283, 0.3260220073, 0.1146611367, 0.383147517, -0.0404877136, -0.05919458171];

/** The series where |x| < 1, elsewhere 1 - e^(-x²) · polynomial. */
function errorFunction(m: Lanes): Node {
  const x = m.name(m.min(m.abs(m.x), m.float(4)));
  const z = m.name(m.mul(x, x));
  const t = m.name(m.div(m.float(1), m.add(m.float(1), m.mul(x, m.float(0.5)))));
  const tail = m.mul(m.name(exponential(m, m.sub(m.float(0), z))), m.polynomial(t, FAR));
  const far = m.sub(m.float(1), tail);
  return m.withSign(m.select(m.lt(x, m.float(1)), m.mul(x, m.polynomial(z, NEAR)), far), m.x);
}

const functions = {
  exp: (m: Lanes) => exponential(m, m.x),
  log: logarithm,
  tanh: hyperbolicTangent,
  erf: errorFunction,
} as const;

export type MathFunction = keyof typeof functions;

export function isMathFunction(name: string): name is MathFunction {
  return Object.hasOwn(functions, name);
}

/** A function of 32-bit floats within a few units of the last place. @param wide whether of four at once. */
export function mathFunction(name: MathFunction, wide: boolean): FunctionBody {
  const lanes = new Lanes(wide);
  functions[name](lanes)();
  return lanes.body;
}
