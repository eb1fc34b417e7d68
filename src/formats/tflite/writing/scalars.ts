import { Tensor, type Value } from '../../../onnx/index.js';
import { numbersOf } from './values.js';

/** A constant of one number as an integer with a scale of its own: 127 steps are as far as the number is from 0. */
export function exactScalar(value: Value): { integers: Tensor; scale: number } | undefined {
  const shape = value.shape?.every((size) => size === 1) ? value.shape : undefined;
  const numbers = shape && numbersOf(value);
  if (!shape || numbers?.length !== 1) return undefined;
  const [number] = numbers;
  const scale = Math.abs(number) / 127 || 1;
  return { integers: Tensor.from('int8', shape as number[], [number === 0 ? 0 : Math.sign(number) * 127]), scale };
}
