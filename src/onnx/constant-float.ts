import type { Graph, Value } from './graph.js';
import type { Tensor } from './tensor.js';

/** A float32 constant that no caller can replace. */
export function constantFloat(graph: Graph, value: Value | undefined): Tensor | undefined {
  const tensor = value && !graph.inputs.includes(value) ? value.constant : undefined;
  return tensor?.dtype === 'float32' ? tensor : undefined;
}
