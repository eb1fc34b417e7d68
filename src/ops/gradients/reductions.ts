import { sizeOf } from '../../base/index.js';
import type { Value } from '../../onnx/index.js';
import type { GradientContext, GradientRule } from '../rule.js';
import { type Formula, formula } from '../shared/formula.js';
import { keepsDims, reducedAxes } from '../shared/reduction.js';

/** What the gradients of reductions are written with. */
interface Reduction {
  readonly f: Formula;
  readonly x: Value;
  readonly axes: readonly number[];
  /** Elements that each output element was made from. */
  readonly count: number;
  /** The output, and the gradient of the output, with the reduced axes kept as size 1: they broadcast against x. */
  y(): Value;
  dy(): Value;
  /** The sum over the reduced axes, kept. */
  sum(value: Value): Value;
  /** Broadcast to the shape of x. */
  spread(value: Value): Value;
}

/** A gradient rule from a formula for the gradient of the input. */
export function reductionGradient(rule: (reduction: Reduction) => Value): GradientRule {
  return (context) => [rule(reductionOf(context))];
}

function reductionOf(context: GradientContext): Reduction {
  const { node } = context;
  const f = formula(context);
  const x = context.input(0);
  const shape = context.shape(x);
  const axes = reducedAxes(node, shape.length) ?? context.refuse('its axes are only known at run time');
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const restore = (value: Value) => (keepsDims(node) || axes.length === 0 ? value : f.reshape(value, kept));
  return {
    f,
    x,
    axes,
    count: sizeOf(axes.map((axis) => shape[axis])),
    y: () => restore(context.output()),
    dy: () => restore(context.grad()),
    sum: (value) => f.sum(value, axes),
    spread: (value) => (axes.length === 0 ? value : f.expand(value, shape)),
  };
}

/** Elements that tie for the maximum or minimum share the gradient equally, as PyTorch's amax does. */
export const extremeGradient = reductionGradient(({ f, x, y, dy, sum }) => {
  const mask = f.mask('Equal', x, y());
  return f.mul(mask, f.div(dy(), sum(mask)));
});

/**
 * The product of the others, without dividing by zero: zeros count as 1, and an element has a gradient only where no other element of
 * its group is zero.
 */
export const productGradient = reductionGradient(({ f, x, axes, dy, sum }) => {
  const zeros = f.mask('Equal', x, 0);
  const filled = f.add(x, zeros);
  const product = axes.length === 0 ? filled : f.build.op('ReduceProd', [filled, f.build.ints(axes)], { keepdims: 1 });
  const alone = f.mask('Equal', sum(zeros), zeros);
  return f.mul(alone, f.div(f.mul(dy(), product), filled));
});

/** x / |x|, and 0 where the norm is 0. */
export const normGradient = reductionGradient(({ f, x, y, dy }) => {
  const norm = y();
  return f.mul(x, f.div(dy(), f.add(norm, f.mask('Equal', norm, 0))));
});
