import type { Model, Node } from '../onnx/index.js';
import { ruleOf } from '../ops/index.js';

/** A constant weight seen as a matrix of outputs by inputs, as products and convolutions read it. */
export interface WeightMatrix {
  readonly node: Node;
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

/** The matrices and kernels of a model, by the weight's name: those that one node reads, of MatMul, Gemm and Conv. */
export function weightMatrices({ graph }: Model): Map<string, WeightMatrix> {
  const found = new Map<string, WeightMatrix>();
  for (const node of graph.nodes) {
    const quantization = ruleOf(node)?.quantization;
    if (quantization?.kind !== 'weighted' || node.int('transA', 0) === 1) continue;
    const [input, weight] = [node.inputs[quantization.activations[0]], node.inputs[quantization.weight]];
    const rank = weight?.constant?.shape.length ?? 0;
    if (!input || !weight?.constant || input.constant || weight.uses().length > 1) continue;
    const outputs = quantization.axis(node);
    const isKernel = node.op === 'Conv' && rank > 2;
    const isMatrix = (node.op === 'MatMul' || node.op === 'Gemm') && rank === 2 && (input.shape?.length ?? 0) >= 2;
    if (!isKernel && !isMatrix) continue;
    found.set(weight.name, {
      node,
      name: weight.name,
      input: input.name,
      inputAxis: isKernel ? 1 : (input.shape?.length ?? 0) - 1,
      outputs,
      channels: isKernel ? 1 : 1 - outputs,
      groups: isKernel ? node.int('group', 1) : 1,
    });
  }
  return found;
}
