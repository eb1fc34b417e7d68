import { type Dim, type Graph, GraphBuilder, type Node, type Pass } from '../../../onnx/index.js';

/**
 * Fills up, in place, the channels that some convolutions read with zeros, to a multiple of 4: ONNX Runtime's WebGPU kernel (1.30) computes other
 * numbers where they are a multiple of 3, but not of 4, and above 3, and those written are a multiple of 4 (onnxruntime issue 29651). In
 * the gradient of a kernel the samples of a batch are such channels. A convolution is known by the shape of its kernel.
 * @param opset of the model: the padding was an attribute before 11.
 * @returns the number of convolutions.
 */
function fillChannels(graph: Graph, opset: number): number {
  let count = 0;
  const build = new GraphBuilder(graph, { prefix: 'fill' });
  for (const node of [...graph.nodes]) {
    for (const inner of node.subgraphs()) count += fillChannels(inner, opset);
    const shape = kernelShape(node);
    if (!shape || !isMiscomputed(node, shape)) continue;
    count++;
    const missing = 4 - (Number(shape[1]) % 4);
    const pads = [...shape, ...shape].map((_, place) => (place === shape.length + 1 ? missing : 0));
    for (const index of [0, 1]) {
      const value = node.inputs[index];
      node.setInput(index, opset < 11 ? build.op('Pad', [value], { pads }) : build.op('Pad', [value, build.ints(pads)]));
    }
  }
  graph.sort();
  return count;
}

export const filledChannels: Pass = {
  name: 'webgpu-fill-channels',
  summary: 'Convolutions that the WebGPU kernel computes wrongly read zeros besides, up to a multiple of 4 channels.',
  kind: 'runtime',
  requires: [],
  ensures: [],
  run: ({ graph, opset }) => fillChannels(graph, opset),
};

function isMiscomputed(node: Node, [written, read]: readonly Dim[]): boolean {
  if (node.int('group', 1) !== 1 || typeof read !== 'number') return false;
  return read > 3 && read % 3 === 0 && read % 4 !== 0 && (typeof written !== 'number' || written % 4 === 0);
}

/** Of a convolution only. */
function kernelShape({ op, domain, inputs: [, kernel] }: Node): readonly Dim[] | undefined {
  return op === 'Conv' && domain === '' ? (kernel?.constant?.shape ?? kernel?.shape) : undefined;
}
