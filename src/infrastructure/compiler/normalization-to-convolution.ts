import { constantFloat, type Graph, type Pass, Tensor, typesAreKnown } from '../../onnx/index.js';
import { inferenceNormalization } from '../../ops/index.js';
import { setConstant } from './fold-affine.js';

/**
 * Turns each inference BatchNormalization that no layer took in into a depthwise convolution of size 1, in place: the same y = a·x + b for each
 * channel, in an operator that has an integer kernel. Each channel's weight is its own scale, so that it is exact in 8 bits.
 * @returns the number of nodes turned.
 */
function normalizationToConvolution(graph: Graph): number {
  let count = 0;
  for (const node of graph.nodes) {
    const constants = inferenceNormalization(node)?.map((value) => constantFloat(graph, value));
    const rank = node.inputs[0]?.shape?.length;
    if (!constants?.every((tensor) => tensor) || rank === undefined || rank < 3 || rank > 4) continue;
    const [scale, shift, mean, variance] = (constants as Tensor[]).map((tensor) => tensor.toFloat32());
    const epsilon = node.float('epsilon', 1e-5);
    const factors = scale.map((s, c) => s / Math.sqrt(variance[c] + epsilon));
    const offsets = shift.map((b, c) => b - mean[c] * factors[c]);
    const channels = factors.length;
    node.op = 'Conv';
    node.domain = '';
    node.attributes.clear();
    node.attributes.set('group', { type: 'int', value: channels });
    node.attributes.set('kernel_shape', { type: 'ints', value: new Array<number>(rank - 2).fill(1) });
    setConstant(graph, node, 1, Tensor.of('float32', [channels, 1, ...new Array<number>(rank - 2).fill(1)], factors));
    setConstant(graph, node, 2, Tensor.of('float32', [channels], offsets));
    node.truncateInputs(3);
    count++;
  }
  return count;
}

export const convolvedNormalization: Pass = {
  name: 'normalization-to-convolution',
  summary: 'BatchNormalization that no layer took in becomes a depthwise convolution of size 1, which has an integer kernel.',
  kind: 'form',
  requires: [typesAreKnown],
  ensures: [],
  run: ({ graph }) => normalizationToConvolution(graph),
};
