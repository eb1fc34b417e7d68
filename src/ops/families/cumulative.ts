import { type CouplingRule, type Family, type GradientRule, noMacs, refuses } from '../rule.js';
import { constantInts, normalizeAxis } from '../shared/axes.js';
import { inferSame, tieAllBut } from '../shared/broadcast.js';

const couples: CouplingRule = (context) => {
  const axis = constantInts(context.node, 1)?.[0];
  if (axis === undefined) return context.refuse('its axis is only known at run time');
  tieAllBut(context, [normalizeAxis(context.node, axis, context.shape(context.input(0)).length)]);
};

/** Each element was added to those after it, so that the gradients add up in the other direction. */
const sumGradient: GradientRule = (context) => {
  const { node, build } = context;
  const reverse = 1 - node.int('reverse', 0);
  return [build.op('CumSum', [context.grad(), context.input(1)], { exclusive: node.int('exclusive', 0), reverse })];
};

/** Running sums and products along an axis. */
export const cumulative: Family = {
  CumSum: { infer: inferSame, macs: noMacs, gradient: sumGradient, coupling: couples, quantization: { kind: 'float' }, upgrades: {} },
  CumProd: {
    infer: inferSame,
    macs: noMacs,
    gradient: refuses('dividing a running product by an element fails where that is zero'),
    coupling: couples,
    quantization: { kind: 'float' },
    upgrades: {},
  },
};
