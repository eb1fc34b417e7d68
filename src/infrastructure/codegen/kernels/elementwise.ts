import type { Node } from '../../../onnx/index.js';
import {
  add,
  type BinaryOperator,
  binary,
  both,
  cast,
  div,
  type Expr,
  max,
  min,
  mul,
  number,
  type ScalarType,
  scalarOf,
  select,
  sub,
  type UnaryOperator,
  unary,
} from '../loops/index.js';
import type { ElementwiseRule, KernelRule, RuleContext } from './rule.js';

type Value = ElementwiseRule['value'];

const rule = (value: Value): KernelRule => ({ kind: 'elementwise', value });

/** One input. */
const of = (compute: (x: Expr, node: Node) => Expr) =>
  rule(
    ({ node }) =>
      ([x]) =>
        compute(x, node),
  );

const single = (op: UnaryOperator) => of((x) => unary(op, x));

/** A number of an expression's type. */
export function like(x: Expr, value: number): Expr {
  return number(x.type === 'f32' ? Math.fround(value) : x.type === 'i64' || x.type === 'u64' ? BigInt(value) : value, x.type);
}

/** Numbers of the result's type, combined one by one. */
const folded = (op: BinaryOperator) => rule(() => (elements) => elements.reduce((sum, each) => binary(op, sum, each)));

/** Sums, differences and products: integers that grow beyond their type go round, as ONNX Runtime's do, which C promises of unsigned ones alone. */
const rounding = (op: 'add' | 'sub' | 'mul') =>
  rule(({ node }) => {
    const wide = /^u?int(16|32|64)$/.test(node.inputs[0]?.dtype ?? node.inputs[0]?.constant?.dtype ?? '');
    return (elements) => elements.reduce((sum, each) => (wide ? goingRound(op, sum, each) : binary(op, sum, each)));
  });

function goingRound(op: 'add' | 'sub' | 'mul', a: Expr, b: Expr): Expr {
  if (a.type !== 'i32' && a.type !== 'i64') return binary(op, a, b);
  const unsigned: ScalarType = a.type === 'i32' ? 'u32' : 'u64';
  return cast(a.type, binary(op, cast(unsigned, a), cast(unsigned, b)));
}

const compared = (op: BinaryOperator) =>
  rule(
    () =>
      ([a, b]) =>
        binary(op, a, b),
  );

export const exp = (x: Expr) => unary('exp', x);
const isTrue = (x: Expr) => binary('ne', x, like(x, 0));

/** 1 / (1 + e^-x): 0 where the exponential is infinite. */
export function sigmoid(x: Expr): Expr {
  return div(like(x, 1), add(like(x, 1), exp(unary('neg', x))));
}

export const tanh = (x: Expr) => unary('tanh', x);
export const relu = (x: Expr) => max(x, like(x, 0));
const positive = (x: Expr) => binary('gt', x, like(x, 0));

/** ln(1 + e^x), whose exponential never sees a positive number. */
function softplus(x: Expr): Expr {
  return add(relu(x), unary('log', add(like(x, 1), exp(unary('neg', unary('abs', x))))));
}

function gelu(x: Expr, node: Node): Expr {
  if (node.string('approximate', 'none') === 'tanh') {
    const inner = mul(like(x, Math.sqrt(2 / Math.PI)), add(x, mul(like(x, 0.044715), mul(x, mul(x, x)))));
    return mul(mul(like(x, 0.5), x), add(like(x, 1), tanh(inner)));
  }
  return mul(mul(like(x, 0.5), x), add(like(x, 1), unary('erf', mul(x, like(x, Math.SQRT1_2)))));
}

/** min(max(slope · x + offset, 0), 1). */
export function hardSigmoid(x: Expr, slope: number, offset: number): Expr {
  return max(like(x, 0), min(like(x, 1), add(mul(like(x, slope), x), like(x, offset))));
}

/** x above zero, `below` elsewhere. */
const kinked = (x: Expr, below: Expr) => select(positive(x), x, below);
const expm1 = (x: Expr) => sub(exp(x), like(x, 1));

/** Remainder with the sign of the divisor (of the dividend where `fmod` is 1). */
const mod: Value =
  ({ node }) =>
  ([a, b]) => {
    if (a.type === 'f32' || a.type === 'f64') return binary('fmod', a, b);
    const remainder = binary('mod', a, b);
    if (node.int('fmod', 0) === 1 || /^uint/.test(node.inputs[0]?.dtype ?? '')) return remainder;
    const crosses = both(isTrue(remainder), binary('ne', binary('lt', remainder, like(a, 0)), binary('lt', b, like(b, 0))));
    return select(crosses, add(remainder, b), remainder);
  };

/** x to the power of y, in floats where either is one. */
const pow: Value =
  ({ type }) =>
  ([x, y]) => {
    const result = scalarOf(type());
    const exponent = y.kind === 'number' ? Number(y.value) : undefined;
    if (exponent === 2) return mul(x, x);
    if (exponent === 3) return mul(x, mul(x, x));
    if (exponent === 0.5 && x.type === 'f32') return unary('sqrt', x);
    const wide: ScalarType = x.type === 'f32' ? 'f32' : 'f64';
    return cast(result, binary('pow', cast(wide, x), cast(wide, y)));
  };

function clip(context: RuleContext): (elements: readonly Expr[]) => Expr {
  return ([x, ...bounds]) => {
    const given = [1, 2].filter((each) => context.has(each));
    const [low, high] = [1, 2].map((each) => (context.has(each) ? bounds[given.indexOf(each)] : undefined));
    const above = low ? max(x, low) : x;
    return high ? min(above, high) : above;
  };
}

/** Shifts of unsigned numbers. */
const bitShift: Value =
  ({ node, type }) =>
  ([a, b]) => {
    const wide: ScalarType = type() === 'u64' ? 'u64' : 'u32';
    return cast(a.type, binary(node.string('direction', 'LEFT') === 'LEFT' ? 'shl' : 'shr', cast(wide, a), cast(wide, b)));
  };

const castTo: Value =
  ({ node, type }) =>
  ([x]) => {
    if (node.op === 'Cast' && node.int('to', 0) === 9) return isTrue(x);
    return cast(scalarOf(type()), x);
  };

const zero = (x: Expr) => like(x, 0);

export const elementwise: Readonly<Record<string, KernelRule>> = {
  Abs: single('abs'),
  Acos: single('acos'),
  Acosh: single('acosh'),
  Add: rounding('add'),
  And: folded('and'),
  Asin: single('asin'),
  Asinh: single('asinh'),
  Atan: single('atan'),
  Atanh: single('atanh'),
  BitShift: rule(bitShift),
  BitwiseAnd: folded('and'),
  BitwiseNot: of((x) => binary('xor', x, like(x, -1))),
  BitwiseOr: folded('or'),
  BitwiseXor: folded('xor'),
  Cast: rule(castTo),
  // The second input gives nothing but its type.
  CastLike: { kind: 'elementwise', value: castTo, align: (context) => context.input(0) },
  Ceil: single('ceil'),
  Celu: of((x, node) => {
    const alpha = like(x, node.float('alpha', 1));
    return add(relu(x), min(zero(x), mul(alpha, expm1(div(x, alpha)))));
  }),
  Clip: rule(clip),
  Cos: single('cos'),
  Cosh: single('cosh'),
  Div: folded('div'),
  Elu: of((x, node) => kinked(x, mul(like(x, node.float('alpha', 1)), expm1(x)))),
  Equal: compared('eq'),
  Erf: single('erf'),
  Exp: single('exp'),
  Floor: single('floor'),
  Gelu: of(gelu),
  Greater: compared('gt'),
  GreaterOrEqual: compared('ge'),
  HardSigmoid: of((x, node) => hardSigmoid(x, node.float('alpha', 0.2), node.float('beta', 0.5))),
  HardSwish: of((x) => mul(x, hardSigmoid(x, 1 / 6, 0.5))),
  Identity: of((x) => x),
  IsInf: of((x, node) => {
    const [up, down] = [node.int('detect_positive', 1) === 1, node.int('detect_negative', 1) === 1];
    const far = like(x, x.type === 'f32' ? Math.fround(3.4028234663852886e38) : Number.MAX_VALUE);
    const above = binary('gt', x, far);
    const below = binary('lt', x, unary('neg', far));
    return up && down ? binary('or', above, below) : up ? above : down ? below : number(0);
  }),
  IsNaN: single('isnan'),
  LeakyRelu: of((x, node) => kinked(x, mul(like(x, node.float('alpha', 0.01)), x))),
  Less: compared('lt'),
  LessOrEqual: compared('le'),
  Log: single('log'),
  Max: folded('max'),
  Mean: rule(() => (elements) => div(elements.reduce(add), like(elements[0], elements.length))),
  Min: folded('min'),
  Mish: of((x) => mul(x, tanh(softplus(x)))),
  Mod: rule(mod),
  Mul: rounding('mul'),
  Neg: single('neg'),
  Not: single('not'),
  Or: folded('or'),
  PRelu: rule(
    () =>
      ([x, slope]) =>
        kinked(x, mul(slope, x)),
  ),
  Pow: rule(pow),
  Reciprocal: of((x) => div(like(x, 1), x)),
  Relu: of(relu),
  Round: single('round'),
  Selu: of((x, node) => {
    const [alpha, gamma] = [node.float('alpha', 1.67326319), node.float('gamma', 1.05070102)];
    return mul(like(x, gamma), kinked(x, mul(like(x, alpha), expm1(x))));
  }),
  Shrink: of((x, node) => {
    const [bias, lambda] = [like(x, node.float('bias', 0)), node.float('lambd', 0.5)];
    const low = binary('lt', x, like(x, -lambda));
    return select(low, add(x, bias), select(binary('gt', x, like(x, lambda)), sub(x, bias), zero(x)));
  }),
  Sigmoid: of(sigmoid),
  Sign: of((x) => cast(x.type, sub(positive(x), binary('lt', x, zero(x))))),
  Sin: single('sin'),
  Sinh: single('sinh'),
  Softplus: of(softplus),
  Softsign: of((x) => div(x, add(like(x, 1), unary('abs', x)))),
  Sqrt: single('sqrt'),
  Sub: rounding('sub'),
  Sum: folded('add'),
  Swish: of((x, node) => mul(x, sigmoid(mul(like(x, node.float('alpha', 1)), x)))),
  Tan: single('tan'),
  Tanh: single('tanh'),
  ThresholdedRelu: of((x, node) => select(binary('gt', x, like(x, node.float('alpha', 1))), x, zero(x))),
  Where: rule(
    () =>
      ([condition, a, b]) =>
        select(condition, a, b),
  ),
  Xor: compared('ne'),
};
