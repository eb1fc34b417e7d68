import type { Node, Value } from '../onnx/index.js';
import { traitsOf } from './layers.js';

/**
 * What a node that normalizes each channel by stored statistics is given besides data: scale, shift, mean and variance. Undefined for one that computes
 * statistics: before opset 9, `spatial` 0 normalized each element on its own; before opset 14, outputs beside the first meant training.
 */
export function inferenceNormalization(node: Node): readonly (Value | undefined)[] | undefined {
  const { scale, shift, mean, variance } = traitsOf(node).normalization ?? {};
  if (scale === undefined || shift === undefined || mean === undefined || variance === undefined) return undefined;
  const isTrained = node.int('training_mode', 0) !== 0 || node.outputs.slice(1).some((output) => output);
  if (isTrained || node.int('spatial', 1) !== 1) return undefined;
  return [scale, shift, mean, variance].map((index) => node.inputs[index]);
}
