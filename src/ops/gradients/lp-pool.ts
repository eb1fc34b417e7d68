import type { GraphBuilder, Value } from '../../onnx/index.js';
import type { GradientRule } from '../rule.js';
import { poolWindows } from '../shared/windows.js';
import { spansOf, spreadOverWindows } from './windows.js';

/** Powers y^(p-1) below this count as this, so that an all-zero window gives zeros and not NaN. */
const SMALLEST_POWER = 1e-30;

/** y = (sum |x|^p)^(1/p), so that dy/dx = sign(x) |x|^(p-1) / y^(p-1). */
export const lpPoolGradient: GradientRule = ({ build, node, input, output, grad, shape }) => {
  const p = node.int('p', 2);
  const [from, to] = [shape(input(0)), shape(grad())];
  const scaled = dividedByNorm(build, grad(), output(), p);
  const spread = spreadOverWindows(build, scaled, spansOf(poolWindows(node), from, to), from.slice(0, 2));
  return [build.op('Mul', [slopeOf(build, input(0), p), spread])];
};

/** The same over all spatial axes. */
export const globalLpPoolGradient: GradientRule = ({ build, node, input, output, grad }) => {
  const p = node.int('p', 2);
  return [build.op('Mul', [slopeOf(build, input(0), p), dividedByNorm(build, grad(), output(), p)])];
};

/** upstream / y^(p-1). */
function dividedByNorm(build: GraphBuilder, upstream: Value, norm: Value, p: number): Value {
  if (p === 1) return upstream;
  const positive = build.op('Max', [norm, build.scalar(SMALLEST_POWER ** (1 / (p - 1)), norm.dtype)]);
  return build.op('Div', [upstream, p === 2 ? positive : build.op('Pow', [positive, build.scalar(p - 1, norm.dtype)])]);
}

/** sign(x) |x|^(p-1). */
function slopeOf(build: GraphBuilder, x: Value, p: number): Value {
  if (p === 1) return build.op('Sign', [x]);
  if (p === 2) return x;
  return build.op('Mul', [build.op('Sign', [x]), build.op('Pow', [build.op('Abs', [x]), build.scalar(p - 1, x.dtype)])]);
}
