import type { Value } from '../../onnx/index.js';
import { geluSlopeOf, swishSlope } from '../gradients/gates.js';
import { plainBiasSoftmax, plainGelu, plainQuickGelu } from '../plain/products.js';
import { type Family, type GradientRule, noMacs, type OpRule, type PlainRule } from '../rule.js';
import { inferSame } from '../shared/broadcast.js';
import { unary } from '../shared/elementwise.js';
import { type Formula, formula } from '../shared/formula.js';
import { fused } from '../shared/fused.js';

/** An activation of input 0 plus, where it is given, a bias that broadcasts from the last axis. */
function gate(plain: PlainRule, slope: (f: Formula, x: Value, context: Parameters<GradientRule>[0]) => Value): OpRule {
  return unary(
    (context) => {
      const f = formula(context);
      const x = context.has(1) ? f.add(context.input(0), context.input(1)) : context.input(0);
      const gradient = f.mul(context.grad(), slope(f, x, context));
      return context.has(1) ? [gradient, gradient] : [gradient];
    },
    { upgrades: {}, plain },
  );
}

/** ONNX Runtime's own activations, which newer opsets have in the standard. */
export const microsoftElementwise: Family = {
  Gelu: gate(plainGelu('none'), (f, x) => geluSlopeOf(f, x, 'none')),
  FastGelu: gate(plainGelu('tanh'), (f, x) => geluSlopeOf(f, x, 'tanh')),
  BiasGelu: gate(plainGelu('none'), (f, x) => geluSlopeOf(f, x, 'none')),
  QuickGelu: gate(plainQuickGelu, (f, x, { node }) => swishSlope(f, x, node.float('alpha', 1.702))),
  BiasSoftmax: fused(inferSame, noMacs, plainBiasSoftmax),
};
