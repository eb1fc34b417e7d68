import { type Dim, maxDims, minDims } from '../../onnx/index.js';
import { type Family, type GradientRule, noMacs, type OpRule } from '../rule.js';
import { broadcastResult, couplesElementwise, presentInputs } from '../shared/broadcast.js';
import { isFraction, mapContents } from '../shared/contents.js';
import { dropConsumedInputs } from '../shared/elementwise.js';
import { formula } from '../shared/formula.js';

function variadic(gradient: GradientRule, compute?: (a: Dim, b: Dim) => Dim): OpRule {
  const fold = compute && ((...elements: Dim[]) => (elements.some(isFraction) ? undefined : elements.reduce(compute)));
  return {
    infer: (context) => [{ ...broadcastResult(context), contents: fold && mapContents(context, presentInputs(context), fold) }],
    macs: noMacs,
    gradient,
    coupling: couplesElementwise,
    quantization: { kind: 'float' },
    upgrades: { 6: dropConsumedInputs },
  };
}

/** Inputs that tie share the gradient equally, as PyTorch's do for two. */
const extremeGradient: GradientRule = (context) => {
  const { node } = context;
  if (node.inputs.length === 1) return [context.grad()];
  const f = formula(context);
  const masks = node.inputs.map((_, index) => f.mask('Equal', context.input(index), context.output()));
  const share = f.div(context.grad(), f.add(...masks));
  return masks.map((mask, index) => (context.needs(index) ? f.mul(share, mask) : undefined));
};

/** Arithmetic of any number of broadcasting inputs. */
export const variadics: Family = {
  Sum: variadic(({ node, grad }) => node.inputs.map(() => grad())),
  Mean: variadic((context) => {
    const share = formula(context).mul(context.grad(), 1 / context.node.inputs.length);
    return context.node.inputs.map(() => share);
  }),
  Max: variadic(extremeGradient, maxDims),
  Min: variadic(extremeGradient, minDims),
};
