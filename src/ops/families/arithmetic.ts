import { type Family, type GradientContext, type GradientRule, ZERO } from '../rule.js';
import { addContents, divideContents, multiplyContents, remainderContents, subtractContents } from '../shared/contents.js';
import { binary, partials } from '../shared/elementwise.js';
import { type Formula, formula } from '../shared/formula.js';
import { withTraits } from '../with-traits.js';

const modGradient: GradientRule = (context) => {
  const f = formula(context);
  // y = a - whole * b, and the whole number is constant between its jumps.
  const whole = () => f.of('Round', f.div(f.sub(context.input(0), context.output()), context.input(1)));
  return partials(
    context,
    () => context.grad(),
    () => f.of('Neg', f.mul(context.grad(), whole())),
  );
};

/** Gradient of the base for an exponent that is one known number; cheap forms for the common ones. */
function constantPower(context: GradientContext, f: Formula, exponent: number) {
  const [x, dy] = [context.input(0), context.grad()];
  if (exponent === 0) return ZERO;
  if (exponent === 1) return dy;
  if (exponent === 2) return f.mul(dy, f.mul(x, 2));
  if (exponent === 0.5) return f.div(f.mul(dy, 0.5), context.output());
  return f.mul(dy, f.mul(f.pow(x, exponent - 1), exponent));
}

const powGradient: GradientRule = (context) => {
  const f = formula(context);
  const [base, given] = [context.input(0), context.input(1)];
  const known = given.constant;
  if (known?.size === 1 && !context.needs(1)) return [constantPower(context, f, known.numbers()[0])];
  const exponent = given.dtype === f.dtype ? given : f.indicator(given);
  // Where the exponent is 0 the power must not be 0 / 0; where the base is 0 the logarithm must not be infinite.
  return partials(
    context,
    () => f.mul(context.grad(), exponent, f.pow(base, f.add(f.sub(exponent, 1), f.mask('Equal', exponent, 0)))),
    () => f.mul(context.grad(), context.output(), f.of('Log', f.add(base, f.mask('Equal', base, 0)))),
  );
};

const rules = {
  Add: binary(({ grad }) => [grad(), grad()], addContents, { quantization: { kind: 'arithmetic', activations: 'all' } }),
  Sub: binary(
    (context) =>
      partials(
        context,
        () => context.grad(),
        () => formula(context).of('Neg', context.grad()),
      ),
    subtractContents,
  ),
  Mul: binary(
    (context) => {
      const f = formula(context);
      return partials(
        context,
        () => f.mul(context.grad(), context.input(1)),
        () => f.mul(context.grad(), context.input(0)),
      );
    },
    multiplyContents,
    { quantization: { kind: 'arithmetic', activations: 'all' } },
  ),
  Div: binary(
    (context) => {
      const f = formula(context);
      const scaled = f.div(context.grad(), context.input(1));
      return partials(
        context,
        () => scaled,
        () => f.of('Neg', f.mul(scaled, context.output())),
      );
    },
    (a, b, context) => divideContents(a, b, context.dtype(0)),
  ),
  Mod: binary(modGradient, (a, b, { node }) => remainderContents(a, b, node.int('fmod', 0) === 1)),
  Pow: binary(powGradient, (a, b) => (typeof a === 'number' && typeof b === 'number' ? a ** b : undefined)),
} satisfies Family;

/** Arithmetic of two broadcasting inputs. */
export const arithmetic = withTraits(rules, {
  Add: { combines: 'sum' },
  Sub: { combines: 'difference' },
  Mul: { combines: 'product' },
  Div: { combines: 'quotient' },
});
