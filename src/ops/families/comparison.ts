import { type Dim, type Node, sameDim, subtractDims, tensorType } from '../../onnx/index.js';
import { type Family, type OpRule, refuses } from '../rule.js';
import { isNonNegative, mapContents } from '../shared/contents.js';
import { binary, broadcastLegacy, numpyBroadcasting, unary } from '../shared/elementwise.js';
import { withTraits } from '../with-traits.js';

const noGradient = refuses('its output is true or false');

/** The sign of a - b where it can be told. Sizes are at least 0. */
function compare(a: Dim, b: Dim): number | undefined {
  if (typeof a === 'number' && typeof b === 'number') return Math.sign(a - b);
  if (sameDim(a, b)) return 0;
  const difference = subtractDims(a, b);
  if (isNonNegative(difference) && isNonNegative(subtractDims(difference, 1))) return 1;
  const opposite = subtractDims(b, a);
  return isNonNegative(opposite) && isNonNegative(subtractDims(opposite, 1)) ? -1 : undefined;
}

/** Two inputs compared, or combined, to a boolean; elements of small tensors are followed as 0 and 1. */
function predicate(holds: (a: Dim, b: Dim) => boolean | undefined): OpRule {
  return binary(noGradient, undefined, {
    infer: (context) => {
      let known = true;
      const contents = mapContents(context, [0, 1], (a, b) => {
        const result = holds(a, b);
        known &&= result !== undefined;
        return Number(result ?? false);
      });
      return [{ ...broadcastLegacy(context, 'bool'), contents: known ? contents : undefined }];
    },
    upgrades: { 7: numpyBroadcasting },
  });
}

function comparison(test: (sign: number) => boolean): OpRule {
  return predicate((a, b) => {
    const sign = compare(a, b);
    return sign === undefined || Number.isNaN(sign) ? undefined : test(sign);
  });
}

function logic(combine: (a: boolean, b: boolean) => boolean): OpRule {
  return predicate((a, b) => combine(a === 1, b === 1));
}

/** One input, a boolean output of the same shape. */
function test(compute?: (element: Dim) => Dim): OpRule {
  return unary(noGradient, {
    infer: (context) => [{ type: tensorType('bool', context.shape(0)), contents: compute && mapContents(context, [0], compute) }],
    upgrades: {},
  });
}

const rules = {
  Equal: comparison((sign) => sign === 0),
  Greater: comparison((sign) => sign > 0),
  GreaterOrEqual: comparison((sign) => sign >= 0),
  Less: comparison((sign) => sign < 0),
  LessOrEqual: comparison((sign) => sign <= 0),
  And: logic((a, b) => a && b),
  Or: logic((a, b) => a || b),
  Xor: logic((a, b) => a !== b),
  Not: test((element) => 1 - Number(element)),
  IsNaN: test(),
  IsInf: test(),
} satisfies Family;

/** Equal to each of 0, 1, 2, …: a code of one class in so many. */
function classesCompared({ inputs }: Node, index: number): number | undefined {
  const numbers = inputs[1 - index]?.constant?.numbers();
  return numbers && numbers.length > 1 && numbers.every((number, i) => number === i) ? numbers.length : undefined;
}

/** Comparisons and logic: everything whose output is true or false. */
export const comparisons = withTraits(rules, { Equal: { classes: classesCompared } });
