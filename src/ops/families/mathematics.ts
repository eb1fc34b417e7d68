import { type Dim, multiplyDims } from '../../onnx/index.js';
import { type Family, type GradientRule, type OpRule, ZERO } from '../rule.js';
import { isNonNegative } from '../shared/contents.js';
import { derivative, inferUnary, unary } from '../shared/elementwise.js';
import { withTraits } from '../with-traits.js';

/** A step function: flat wherever it has a derivative. */
const flat: GradientRule = () => [ZERO];

/** Follows shape arithmetic: a whole number stays what it is, a fraction is rounded. */
function rounding(round: (value: number) => number): OpRule {
  const compute = (element: Dim) => (typeof element === 'number' ? round(element) : element);
  return unary(flat, { infer: inferUnary(compute) });
}

function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

const rules = {
  Abs: unary(
    derivative((f, x) => f.of('Sign', x())),
    { infer: inferUnary((element) => (typeof element === 'number' ? Math.abs(element) : isNonNegative(element) ? element : undefined)) },
  ),
  Neg: unary((context) => [context.build.op('Neg', [context.grad()])], { infer: inferUnary((element) => multiplyDims(element, -1)) }),
  Reciprocal: unary(derivative((f, _, y) => f.of('Neg', f.square(y())))),
  Sqrt: unary(
    // At zero the slope is infinite: bounded, it does not turn a gradient of zero that arrives there into NaN.
    derivative((f, _, y) => f.div(0.5, f.max(y(), 1e-12))),
    { infer: inferUnary((element) => (typeof element === 'number' && element >= 0 ? Math.sqrt(element) : undefined)) },
  ),
  Exp: unary(derivative((_f, _x, y) => y())),
  Log: unary(derivative((f, x) => f.of('Reciprocal', x()))),
  // 2 / sqrt(pi) * exp(-x²)
  Erf: unary(derivative((f, x) => f.mul(f.of('Exp', f.of('Neg', f.square(x()))), 2 / Math.sqrt(Math.PI)))),
  Sin: unary(derivative((f, x) => f.of('Cos', x()))),
  Cos: unary(derivative((f, x) => f.of('Neg', f.of('Sin', x())))),
  Tan: unary(derivative((f, _, y) => f.add(f.square(y()), 1))),
  Asin: unary(derivative((f, x) => f.of('Reciprocal', f.of('Sqrt', f.sub(1, f.square(x())))))),
  Acos: unary(derivative((f, x) => f.of('Neg', f.of('Reciprocal', f.of('Sqrt', f.sub(1, f.square(x()))))))),
  Atan: unary(derivative((f, x) => f.of('Reciprocal', f.add(f.square(x()), 1)))),
  Sinh: unary(derivative((f, x) => f.of('Cosh', x()))),
  Cosh: unary(derivative((f, x) => f.of('Sinh', x()))),
  Asinh: unary(derivative((f, x) => f.of('Reciprocal', f.of('Sqrt', f.add(f.square(x()), 1))))),
  Acosh: unary(derivative((f, x) => f.of('Reciprocal', f.of('Sqrt', f.sub(f.square(x()), 1))))),
  Atanh: unary(derivative((f, x) => f.of('Reciprocal', f.sub(1, f.square(x()))))),
  Sign: unary(flat, { infer: inferUnary((element) => (typeof element === 'number' ? Math.sign(element) : undefined)) }),
  Floor: rounding(Math.floor),
  Ceil: rounding(Math.ceil),
  Round: rounding(roundHalfToEven),
} satisfies Family;

/** Functions of one number. */
export const mathematics = withTraits(rules, {
  Exp: { keepsPlaces: true },
});
