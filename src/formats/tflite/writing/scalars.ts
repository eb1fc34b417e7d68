import { type Node, Tensor, type Value } from '../../../onnx/index.js';
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

/** What cuts off at the bounds of a Clip node, both as an operator and built into others. */
export function clipActivation({ inputs: [, least, most] }: Node): 'RELU' | 'RELU6' | 'RELU_N1_TO_1' | undefined {
  const [low, high] = [least, most].map((bound) => bound && numbersOf(bound)?.[0]);
  if (low === -1 && high === 1) return 'RELU_N1_TO_1';
  if (low !== 0 || (most && high === undefined)) return undefined;
  return high === 6 ? 'RELU6' : most ? undefined : 'RELU';
}
