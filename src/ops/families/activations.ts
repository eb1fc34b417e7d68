import type { Node, Value } from '../../onnx/index.js';
import { geluSlopeOf, mishSlope, swish, swishSlope } from '../gradients/gates.js';
import type { CouplingRule, Family, GradientRule, Quantization, UpgradeRule } from '../rule.js';
import { couplesElementwise } from '../shared/broadcast.js';
import { alignSecondInput, derivative, dropConsumedInputs, partials, unary } from '../shared/elementwise.js';
import { type Formula, formula } from '../shared/formula.js';
import { withTraits } from '../with-traits.js';
import { clip } from './clip.js';

const arithmetic: Quantization = { kind: 'arithmetic', activations: [0] };

/** A slope that is 1 above zero and `below` elsewhere. */
function kink(f: Formula, x: Value, below: number): Value {
  const above = f.positive(x);
  return below >= 0 && below <= 1 ? f.max(above, below) : f.add(f.mul(above, 1 - below), below);
}

/** Elu, Selu and Celu: gamma * x above zero, gamma * alpha * (exp(x / width) - 1) below. The exponential never sees a positive number. */
function exponential(shape: (node: Node) => { alpha: number; gamma: number; width: number }): GradientRule {
  return derivative((f, x, _, node) => {
    const { alpha, gamma, width } = shape(node);
    const scaled = (value: Value, factor: number) => (factor === 1 ? value : f.mul(value, factor));
    const atZero = (gamma * alpha) / width;
    const tail = scaled(f.of('Exp', scaled(f.min(x(), 0), 1 / width)), atZero);
    return Math.abs(gamma - atZero) < 1e-7 ? tail : f.add(tail, f.mul(f.positive(x()), gamma - atZero));
  });
}

/** Opset 6 also made the defaults of Selu more precise. */
const seluDefaults: UpgradeRule = (context) => {
  dropConsumedInputs(context);
  const { attributes } = context.node;
  if (!attributes.has('alpha')) attributes.set('alpha', { type: 'float', value: 1.6732 });
  if (!attributes.has('gamma')) attributes.set('gamma', { type: 'float', value: 1.0507 });
};

/** 1 where low < x < high. */
function between(f: Formula, x: Value, low: number, high: number): Value {
  return f.indicator(f.build.op('And', [f.build.op('Greater', [x, f.value(low)]), f.build.op('Less', [x, f.value(high)])]));
}

const preluGradient: GradientRule = (context) => {
  const f = formula(context);
  const [x, slope, dy] = [context.input(0), context.input(1), context.grad()];
  return partials(
    context,
    () => context.build.op('Where', [context.build.op('Greater', [x, f.value(0)]), dy, f.mul(dy, slope)]),
    () => f.mul(dy, f.min(x, 0)),
  );
};

/** Before opset 7 a vector of slopes belonged to axis 1; since then it broadcasts from the last axis. */
const preluSlopes: UpgradeRule = (context) => {
  const shape = context.node.inputs[1]?.shape;
  if (shape?.length !== 1) return shape ? undefined : context.refuse('the rank of its slope is not known');
  if (shape[0] !== 1) alignSecondInput(context, 1);
};

const couplesPrelu: CouplingRule = (context) => {
  if (context.opset < 7) context.refuse('its slopes broadcast in the way of opset 6: upgrade the model to opset 7 or newer first');
  couplesElementwise(context);
};

const swigluGradient: GradientRule = (context) => {
  const f = formula(context);
  const alpha = context.node.float('alpha', 1);
  const [gate, linear, dy] = [context.input(0), context.input(1), context.grad()];
  return partials(
    context,
    () => f.mul(dy, linear, swishSlope(f, gate, alpha)),
    () => f.mul(dy, swish(f, gate, alpha)),
  );
};

/** Bounds are inputs since opset 11. */
function clippingBounds({ inputs: [, low, high] }: Node): { min: number; max: number } | undefined {
  const bound = (value: Value | undefined, absent: number) => (value ? value.constant?.numbers()[0] : absent);
  const [min, max] = [bound(low, Number.NEGATIVE_INFINITY), bound(high, Number.POSITIVE_INFINITY)];
  return min === undefined || max === undefined ? undefined : { min, max };
}

const rules = {
  Relu: unary(
    derivative((f, _, y) => f.positive(y())),
    { quantization: { kind: 'clipping' } },
  ),
  LeakyRelu: unary(
    derivative((f, x, _, node) => kink(f, x(), node.float('alpha', 0.01))),
    { quantization: arithmetic },
  ),
  PRelu: unary(preluGradient, { coupling: couplesPrelu, upgrades: { 6: dropConsumedInputs, 7: preluSlopes } }),
  ThresholdedRelu: unary(derivative((f, x, _, node) => f.mask('Greater', x(), node.float('alpha', 1)))),
  Clip: clip,
  Elu: unary(exponential((node) => ({ alpha: node.float('alpha', 1), gamma: 1, width: 1 }))),
  Selu: unary(
    exponential((node) => ({
      alpha: node.float('alpha', 1.6732631921768188),
      gamma: node.float('gamma', 1.0507010221481323),
      width: 1,
    })),
    { upgrades: { 6: seluDefaults } },
  ),
  Celu: unary(
    exponential((node) => {
      const alpha = node.float('alpha', 1);
      return { alpha, gamma: 1, width: alpha };
    }),
  ),
  Sigmoid: unary(
    derivative((f, _, y) => f.sub(y(), f.square(y()))),
    { quantization: arithmetic },
  ),
  HardSigmoid: unary(derivative((f, _, y, node) => f.mul(between(f, y(), 0, 1), node.float('alpha', 0.2)))),
  // The product rule on x * HardSigmoid(x).
  HardSwish: unary(
    derivative((f, x) => {
      const gate = f.build.op('HardSigmoid', [x()], { alpha: { type: 'float', value: 1 / 6 }, beta: { type: 'float', value: 0.5 } });
      return f.add(gate, f.mul(x(), f.mul(f.mask('Less', f.of('Abs', x()), 3), 1 / 6)));
    }),
  ),
  Tanh: unary(derivative((f, _, y) => f.sub(1, f.square(y())))),
  Softplus: unary(derivative((f, x) => f.of('Sigmoid', x()))),
  Softsign: unary(derivative((f, x) => f.of('Reciprocal', f.square(f.add(f.of('Abs', x()), 1))))),
  Gelu: unary(derivative((f, x, _, node) => geluSlopeOf(f, x(), node.string('approximate', 'none')))),
  Mish: unary(derivative((f, x) => mishSlope(f, x()))),
  Swish: unary(derivative((f, x, _, node) => swishSlope(f, x(), node.float('alpha', 1)))),
  SwiGLU: unary(swigluGradient),
  Shrink: unary(derivative((f, x, _, node) => f.mask('Greater', f.of('Abs', x()), node.float('lambd', 0.5)))),
} satisfies Family;

/** Activation functions, element by element. */
export const activations = withTraits(rules, {
  Relu: { keepsPlaces: true, homogeneous: true, bounds: () => ({ min: 0, max: Number.POSITIVE_INFINITY }) },
  LeakyRelu: { keepsPlaces: true, homogeneous: true },
  PRelu: { homogeneous: true },
  Clip: { keepsPlaces: true, bounds: clippingBounds },
  Sigmoid: { keepsPlaces: true },
  HardSigmoid: { keepsPlaces: true },
  HardSwish: { keepsPlaces: true },
  Tanh: { keepsPlaces: true },
});
