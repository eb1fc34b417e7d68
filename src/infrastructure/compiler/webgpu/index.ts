import { copyModel, type Graph, type Model, type Pass } from '../../../onnx/index.js';
import { forms } from '../../../ops/index.js';
import { filledChannels, filledGroups } from './convolutions.js';
import { missingKernels } from './missing-kernels.js';
import { narrowIntegers } from './narrow-integers.js';
import { narrowedSplits } from './narrow-splits.js';
import { overlappingPools } from './overlapping-pools.js';
import { poolsWithoutIndices } from './pools.js';
import { quantizationInFloats } from './quantization.js';
import { unrolledScans } from './unrolled-scans.js';

/** What ONNX Runtime's WebGPU provider wants written otherwise. */
export const webGpuPasses: readonly Pass[] = [
  unrolledScans,
  quantizationInFloats,
  missingKernels,
  poolsWithoutIndices,
  overlappingPools,
  filledChannels,
  filledGroups,
  narrowedSplits,
];

/** A model as ONNX Runtime's WebGPU provider can run it. */
export interface WebGpuForm {
  model: Model;
  /** Names of nodes that the provider takes, but fails to run: they are for the processor. */
  onCpu: string[];
  /** Inputs of whole numbers that are int32 now, where the model has int64. */
  narrowed: string[];
}

export interface WebGpuOptions {
  /** Inputs that keep their type. Default: none. */
  fixed?: readonly string[];
}

/** Works around what ONNX Runtime's WebGPU provider (1.30) takes, but fails to run or computes wrongly. Outputs are the same. */
export function lowerToWebGpu(source: Model, options: WebGpuOptions = {}): WebGpuForm {
  const model = copyModel(source);
  forms.apply(model, webGpuPasses, undefined);
  return { model, onCpu: poolsWithIndices(model.graph), narrowed: narrowIntegers(model.graph, options.fixed) };
}

/** MaxPools that also say where the maximum is, which the provider cannot. */
function poolsWithIndices(graph: Graph): string[] {
  return graph.nodes.flatMap((node) => {
    const inner = node.subgraphs().flatMap(poolsWithIndices);
    if (node.op !== 'MaxPool' || node.domain !== '' || !node.outputs[1]) return inner;
    node.name ||= graph.freshName('pool');
    return [node.name, ...inner];
  });
}
