import type { GraphBuilder, Value } from '../../../onnx/index.js';
import type { Grid } from '../reading/document.js';
import type { WriteContext } from '../writing/context.js';
import { numbersOf } from '../writing/values.js';

/** Times 128, the largest integer, this is less than the step between averages of `count` integers, which is 1 / count. */
const NUDGE = 0.9 / 128;

/**
 * Kernels round the average of integers half away from 0, and QuantizeLinear rounds half to even: halves are moved away from 0 by less than the next number is
 * away. Of an odd number of integers no average is a half.
 */
export function awayFromZero(build: GraphBuilder, average: Value, count: number, { scale: [scale], zeroPoint: [zero] }: Grid): Value {
  if (count % 2 === 1) return average;
  const more = NUDGE / count;
  return build.op('Add', [build.op('Mul', [average, build.scalar(1 + more)]), build.scalar(scale * zero * more)]);
}

/** Leaves out what `awayFromZero` added to an average: the kernel rounds so by itself. @returns whether a product was that. */
export function writeAwayFromZero(w: WriteContext): boolean {
  const { node, writer } = w;
  const [average, factor] = node.inputs;
  const [product] = node.outputs;
  const [sum, ...more] = product?.users ?? [];
  if (!average || !product || sum?.op !== 'Add' || more.length > 0 || !/AveragePool$/.test(average.producer?.op ?? '')) return false;
  const grid = writer.gridOf(average);
  const by = factor && single(factor);
  const plus = sum.inputs[1] && single(sum.inputs[1]);
  const [result] = sum.outputs;
  if (!grid || by === undefined || plus === undefined || !result) return false;
  const isNudge = by > 1 && by - 1 <= NUDGE && Math.abs(plus) <= grid.scale * 128 * (by - 1) * 1.01;
  if (!isNudge || !result.users.every((user) => user.op === 'QuantizeLinear')) return false;
  writer.done.add(sum);
  writer.share(result, average);
  return true;
}

function single(value: Value): number | undefined {
  const numbers = value.constant?.size === 1 ? numbersOf(value) : undefined;
  return numbers?.[0];
}
