import { sizeOf } from '../base/index.js';
import type { Graph, Value } from '../onnx/index.js';

export interface TrainableOptions {
  /** Names, or patterns of names, of initializers that stay as they are. */
  freeze?: readonly (string | RegExp)[];
}

/** Contents at or below this are masks and limits, not weights. */
const MASK_VALUE = -1e4;

/**
 * Initializers that training may change: floating point, more than one element (single numbers are constants of formulas), finite, and no
 * attention masks. Whether the loss depends on them, and differentiably, is found out when the gradient is built.
 */
export function trainableParameters(graph: Graph, { freeze = [] }: TrainableOptions = {}): Value[] {
  const frozen = (name: string) => freeze.some((each) => (typeof each === 'string' ? each === name : each.test(name)));
  return [...graph.initializers].filter((value) => {
    const tensor = value.initializer;
    if (tensor?.dtype !== 'float32' || sizeOf(tensor.shape) < 2 || frozen(value.name) || graph.inputs.includes(value)) return false;
    return (tensor.data() as Float32Array).every((number) => Number.isFinite(number) && number > MASK_VALUE);
  });
}

/** Weight decay is for weights that multiply: matrices and kernels, not biases and the scales of normalizations. */
export function isDecayed(parameter: Value): boolean {
  return (parameter.initializer?.shape.length ?? 0) >= 2;
}
