import { roundHalfEven, Tensor } from '../../onnx/index.js';

/** Integer types that tensors are quantized to. */
export type IntegerType = 'uint8' | 'int8' | 'int4';

/** The values between which a tensor lies. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** How real numbers are written as integers: x ≈ (q - zeroPoint) · scale, with q in the type's limits (Jacob et al. 2018, arXiv 1712.05877). */
export interface Affine {
  readonly type: IntegerType;
  /** A float32 number above 0. */
  readonly scale: number;
  readonly zeroPoint: number;
}

const limits: Record<IntegerType, readonly [low: number, high: number]> = { uint8: [0, 255], int8: [-128, 127], int4: [-8, 7] };

/** Smallest and largest integer of a type. */
export function limitsOf(type: IntegerType): readonly [low: number, high: number] {
  return limits[type];
}

/** Below this a scale's reciprocal overflows float32. */
export const SMALLEST_SCALE = 2 ** -126;

/**
 * The scale and zero point for a range, which is first widened to hold zero: padding and the results of Relu must be exact. The formula is
 * ONNX Runtime's (onnxruntime.quantization, compute_scale_zp). A range of nothing but zero gets scale 1.
 */
export function affineOfRange({ min, max }: Range, type: IntegerType): Affine {
  const [low, high] = limits[type];
  const [bottom, top] = [Math.fround(Math.min(min, 0)), Math.fround(Math.max(max, 0))];
  const step = (top - bottom) / (high - low);
  const scale = Math.fround(step);
  if (!(scale >= SMALLEST_SCALE)) return { type, scale: 1, zeroPoint: low };
  const zeroPoint = roundHalfEven(low - bottom / step);
  return { type, scale, zeroPoint: Math.min(high, Math.max(low, zeroPoint)) };
}

/** The integer that QuantizeLinear gives: rounded half to even, saturated. NaN becomes the zero point. */
export function quantizeNumber(x: number, { type, scale, zeroPoint }: Affine): number {
  const [low, high] = limits[type];
  const q = roundHalfEven(Math.fround(x / scale)) + zeroPoint;
  return q >= high ? high : q >= low ? q : Number.isNaN(q) ? zeroPoint : low;
}

/** The real number that stands for x after quantization. */
export function simulate(x: number, affine: Affine): number {
  return (quantizeNumber(x, affine) - affine.zeroPoint) * affine.scale;
}

/** The smallest and largest number that can be said. */
export function representable({ type, scale, zeroPoint }: Affine): Range {
  const [low, high] = limits[type];
  return { min: (low - zeroPoint) * scale, max: (high - zeroPoint) * scale };
}

/** Scale and zero point as the scalar tensors that QuantizeLinear takes. */
export function affineTensors({ type, scale, zeroPoint }: Affine): { scale: Tensor; zeroPoint: Tensor } {
  return { scale: Tensor.scalar('float32', scale), zeroPoint: Tensor.scalar(type, zeroPoint) };
}
