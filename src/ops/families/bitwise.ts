import { type Family, refuses } from '../rule.js';
import { binary, unary } from '../shared/elementwise.js';

const noGradient = refuses('it works on the bits of integers');

/** Operations on the bits of integers. */
export const bitwise: Family = {
  BitShift: binary(noGradient, undefined, { upgrades: {} }),
  BitwiseAnd: binary(noGradient, undefined, { upgrades: {} }),
  BitwiseNot: unary(noGradient, { upgrades: {} }),
  BitwiseOr: binary(noGradient, undefined, { upgrades: {} }),
  BitwiseXor: binary(noGradient, undefined, { upgrades: {} }),
};
