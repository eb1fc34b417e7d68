import { sizeOf } from '../../base/index.js';
import type { Dim } from '../../onnx/index.js';
import { extremeGradient, normGradient, productGradient, reductionGradient } from '../gradients/reductions.js';
import { type Family, type GradientRule, type MacsRule, noMacs, type OpRule } from '../rule.js';
import { axesAsInput, couplesReduction, folds, inferReduction } from '../shared/reduction.js';

/** A reduction over axes that are an input since opset `since`. */
function reduction(
  gradient: GradientRule,
  { fold, macs = noMacs, since = 18 }: { fold?: (a: Dim, b: Dim) => Dim | undefined; macs?: MacsRule; since?: number } = {},
): OpRule {
  return {
    infer: inferReduction(fold),
    macs,
    gradient,
    coupling: couplesReduction,
    quantization: { kind: 'float' },
    upgrades: { [since]: axesAsInput },
  };
}

/** One multiply-accumulate per element that is squared. */
const squares: MacsRule = ({ input }) => sizeOf(input(0));

/** Sums, extremes and norms over axes. */
export const reductions: Family = {
  ReduceSum: reduction(
    reductionGradient(({ dy, spread }) => spread(dy())),
    { fold: folds.sum, since: 13 },
  ),
  ReduceMean: reduction(reductionGradient(({ f, count, dy, spread }) => spread(f.mul(dy(), 1 / count)))),
  ReduceMax: reduction(extremeGradient, { fold: folds.maximum }),
  ReduceMin: reduction(extremeGradient, { fold: folds.minimum }),
  ReduceProd: reduction(productGradient, { fold: folds.product }),
  ReduceL1: reduction(reductionGradient(({ f, x, dy }) => f.mul(dy(), f.of('Sign', x)))),
  ReduceL2: reduction(normGradient, { macs: squares }),
  ReduceSumSquare: reduction(
    reductionGradient(({ f, x, dy }) => f.mul(x, f.mul(dy(), 2))),
    { macs: squares },
  ),
  // The sum is exp(y), which is smaller than x.
  ReduceLogSum: reduction(reductionGradient(({ f, y, dy, spread }) => spread(f.div(dy(), f.of('Exp', y()))))),
  ReduceLogSumExp: reduction(reductionGradient(({ f, x, y, dy }) => f.mul(dy(), f.of('Exp', f.sub(x, y()))))),
};
