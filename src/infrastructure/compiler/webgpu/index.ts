import { copyModel, type Graph, type Model } from '../../../onnx/index.js';
import { fillChannels } from './convolutions.js';
import { narrowSplits } from './narrow-splits.js';
import { poolWithoutIndices } from './pools.js';

/** A model as ONNX Runtime's WebGPU provider can run it. */
export interface WebGpuForm {
  model: Model;
  /** Names of nodes that the provider takes, but fails to run: they are for the processor. */
  onCpu: string[];
}

/** Works around what ONNX Runtime's WebGPU provider (1.30) takes, but fails to run or computes wrongly. Outputs are the same. */
export function lowerToWebGpu(source: Model): WebGpuForm {
  const model = copyModel(source);
  fillChannels(model.graph, model.opset);
  narrowSplits(model.graph);
  poolWithoutIndices(model.graph);
  return { model, onCpu: poolsWithIndices(model.graph) };
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
