import type { Model, Node } from '../onnx/index.js';
import { layerOf } from '../ops/index.js';

/** A constant weight seen as a matrix of outputs by inputs, as products and convolutions read it. */
export interface WeightMatrix {
  readonly node: Node;
  /** Whether it slides over its input. */
  readonly isKernel: boolean;
  /** Name of the weight. */
  readonly name: string;
  /** Name of the activation that it multiplies, and the axis of that which holds input channels. */
  readonly input: string;
  readonly inputAxis: number;
  /** Axes of the weight that hold outputs and input channels; further ones are taps of a kernel. */
  readonly outputs: number;
  readonly channels: number;
  /** Groups of a convolution: output o reads channels from floor(o · groups / outputs) · (channels of the weight) on. */
  readonly groups: number;
}

/** The matrices and kernels of a model, by the weight's name: those of layers that one node reads. */
export function weightMatrices({ graph }: Model): Map<string, WeightMatrix> {
  const found = new Map<string, WeightMatrix>();
  for (const node of graph.nodes) {
    const layer = layerOf(node);
    if (!layer || layer.transposes) continue;
    const [input, weight] = [node.inputs[0], node.inputs[layer.weight]];
    const rank = weight?.constant?.shape.length ?? 0;
    if (!input || !weight?.constant || input.constant || weight.uses().length > 1) continue;
    const { outputs } = layer;
    const isKernel = layer.kind === 'kernel' && rank > 2;
    const isMatrix = layer.kind === 'matrix' && rank === 2 && (input.shape?.length ?? 0) >= 2;
    if (!isKernel && !isMatrix) continue;
    found.set(weight.name, {
      node,
      isKernel,
      name: weight.name,
      input: input.name,
      inputAxis: isKernel ? 1 : (input.shape?.length ?? 0) - 1,
      outputs,
      channels: layer.inputs,
      groups: layer.groups,
    });
  }
  return found;
}
