import { add, cast, div, type Expr, float, limitsOf, max, min, mul, number, over, sub, unary } from '../loops/index.js';
import { computedOperand, type Operand, reshaped } from '../operands/index.js';
import { like } from './elementwise.js';
import type { KernelRule, RuleContext } from './rule.js';

/** Scales and zero points: one for all, one for each index of an axis, or one for each block of indices. */
function align(context: RuleContext, index: number): Operand {
  const given = context.input(index);
  const { shape } = context.input(0);
  if (index === 0 || given.shape.length === 0) return given;
  const axis = (context.node.int('axis', 1) + shape.length) % Math.max(1, shape.length);
  if (given.shape.length === 1 && shape.length > 0) {
    return reshaped(
      given,
      shape.map((_, each) => (each === axis ? given.shape[0] : 1)),
    );
  }
  const block = context.node.int('block_size', 0);
  if (block === 0) return given;
  return computedOperand(shape, given.type, (indices) => given.at(indices.map((each, at) => (at === axis ? over(each, block) : each))));
}

/** saturate(round(x / scale) + zero point), in the type of the result. */
function quantize({ has, type }: RuleContext): (elements: readonly Expr[]) => Expr {
  const [low, high] = limitsOf(type());
  return ([x, scale, zero]) => {
    const rounded = unary('round', div(cast(scale.type, x), scale));
    const shifted = has(2) ? add(rounded, cast(rounded.type, zero)) : rounded;
    return cast('i32', max(like(shifted, low), min(like(shifted, high), shifted)));
  };
}

/** (x - zero point) · scale. */
function dequantize({ has }: RuleContext): (elements: readonly Expr[]) => Expr {
  return ([x, scale, zero]) => mul(cast(scale.type, has(2) ? sub(x, zero) : x), scale);
}

export const quantization: Readonly<Record<string, KernelRule>> = {
  DequantizeLinear: { kind: 'elementwise', value: dequantize, align },
  QuantizeLinear: { kind: 'elementwise', value: quantize, align },
};

/** Positive factors as integers of 31 bits over one power of two. */
export interface FixedPoint {
  readonly multipliers: Int32Array;
  readonly shift: number;
}

/** Undefined where a factor is too large for a product of 64 bits. */
export function fixedPoint(factors: ArrayLike<number>): FixedPoint | undefined {
  const largest = Array.from(factors).reduce((most, each) => Math.max(most, each), 0);
  const shift = Math.min(62, 30 - Math.floor(Math.log2(largest > 0 ? largest : 1)));
  const multipliers = Array.from(factors, (factor) => Math.round(factor * 2 ** shift));
  if (shift < 2 || !multipliers.every((each) => each >= 0)) return undefined;
  return { multipliers: Int32Array.from(multipliers, (each) => Math.min(each, 2 ** 31 - 1)), shift };
}

/** An integer that was requantized, shifted and cut off: what is stored. */
export function saturated(value: Expr, zero: number, low: number, high: number): Expr {
  return max(number(low), min(number(high), add(value, number(zero))));
}

/** round(value · factor) + zero, kept in bounds, in 32-bit floats. */
export function requantizedByFloats(value: Expr, factor: Expr, zero: number, low: number, high: number): Expr {
  const rounded = unary('round', mul(cast('f32', value), factor));
  return add(cast('i32', max(float(low - zero), min(float(high - zero), rounded))), number(zero));
}
