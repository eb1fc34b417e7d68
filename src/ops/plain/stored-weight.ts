import type { Node, Tensor, Value } from '../../onnx/index.js';
import { affineFloats } from './real.js';

/** A constant of small integers, and what turns it into floats. */
interface StoredWeight {
  readonly integers: Tensor;
  readonly zeroPoint?: Tensor;
  readonly scale: Tensor;
}

const SMALL = /^u?int[48]$/;

/**
 * A weight that is stored in small integers and written out as (integers - zero point) · scale, with a Cast, a Sub where the zero point is not 0, and this Mul.
 * Runtimes compute that once, when they load the model, and a DequantizeLinear at each run.
 * @returns undefined for any other node.
 */
export function storedWeight(node: Node): StoredWeight | undefined {
  if (node.op !== 'Mul' || node.domain !== '') return undefined;
  const [product, factor] = node.inputs;
  const scale = factor?.constant;
  if (scale?.dtype !== 'float32') return undefined;
  const shifted = product?.producer?.op === 'Sub' ? product.producer : undefined;
  const zeroPoint = shifted && realConstant(shifted.inputs[1]);
  if (shifted && !zeroPoint) return undefined;
  const integers = castConstant(shifted ? shifted.inputs[0] : product);
  return integers && fits(scale, integers) && (!zeroPoint || fits(zeroPoint, integers)) ? { integers, zeroPoint, scale } : undefined;
}

/** The floats that a stored weight stands for. */
export function storedFloats({ integers, zeroPoint, scale }: StoredWeight): Tensor {
  return affineFloats(integers, scale, zeroPoint);
}

function castConstant(value: Value | undefined): Tensor | undefined {
  const node = value?.producer;
  const integers = node?.op === 'Cast' && value?.dtype === 'float32' ? node.inputs[0]?.constant : undefined;
  return integers && SMALL.test(integers.dtype) ? integers : undefined;
}

/** Floats, or small integers that are cast to them. */
function realConstant(value: Value | undefined): Tensor | undefined {
  return value?.constant?.dtype === 'float32' ? value.constant : castConstant(value);
}

/** Whether one tensor broadcasts to the shape of another, axis by axis. */
function fits({ shape, size }: Tensor, whole: Tensor): boolean {
  return size === 1 || (shape.length === whole.shape.length && shape.every((dim, axis) => dim === 1 || dim === whole.shape[axis]));
}
