export { forms } from './forms.js';
export { knownBranches } from './known-branches.js';
export { knownIntegers } from './known-integers.js';
export { knownTypes } from './known-types.js';
export { literalShapes } from './literal-shapes.js';
export { dequantize, inPlainFloats, otherPrecision, unfuse, widen } from './plain-floats.js';
