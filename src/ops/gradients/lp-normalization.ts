import type { GradientRule } from '../rule.js';
import { normalizeAxes } from '../shared/axes.js';
import { backThroughStatistics, type Standardized } from './standardize.js';

/** Norms below this count as this: an all-zero vector is returned as it is, and its gradient is zero. */
const SMALLEST_NORM = 1e-30;

/** y = x / |x|, so that dx = (g - slope * sum(g * y)) / |x| with slope y for the 2-norm and sign(x) for the 1-norm. */
export const lpNormalizationGradient: GradientRule = ({ build, node, input, output, grad }) => {
  const x = input(0);
  const p = node.int('p', 2);
  const axes = build.ints([node.int('axis', -1)]);
  const norm = build.op(p === 1 ? 'ReduceL1' : 'ReduceL2', [x, axes], { keepdims: 1 });
  const along = build.op('ReduceSum', [build.op('Mul', [grad(), output()]), axes], { keepdims: 1 });
  const slope = p === 1 ? build.op('Sign', [x]) : output();
  const difference = build.op('Sub', [grad(), build.op('Mul', [slope, along])]);
  return [build.op('Div', [difference, build.op('Max', [norm, build.scalar(SMALLEST_NORM, x.dtype)])])];
};

/** The constant that the specification adds to the deviation of MeanVarianceNormalization. */
const DEVIATION_OFFSET = 1e-9;

/** y = (x - mean) / (deviation + 1e-9). */
export const meanVarianceNormalizationGradient: GradientRule = ({ build, node, input, output, grad, shape }) => {
  const x = input(0);
  const axes = normalizeAxes(node, node.ints('axes', [0, 2, 3]), shape(x).length);
  const over = build.ints(axes);
  const centered = build.op('Sub', [x, build.op('ReduceMean', [x, over], { keepdims: 1 })]);
  const deviation = build.op('Sqrt', [build.op('ReduceMean', [build.op('Mul', [centered, centered]), over], { keepdims: 1 })]);
  const inverse = build.op('Reciprocal', [build.op('Add', [deviation, build.scalar(DEVIATION_OFFSET, x.dtype)])]);
  const statistics: Standardized = { normal: output(), inverse, axes };
  return [backThroughStatistics(build, grad(), statistics)];
};
