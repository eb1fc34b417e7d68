import { type Dim, type Graph, GraphBuilder, type Node, type Pass, staticShape, type Value } from '../../../onnx/index.js';

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

/** Filters of a group, from which on the kernel computes several at a time. */
const SEVERAL = 4;

/**
 * Fills up, in place, the filters of each group of some grouped convolutions with zeros, to a multiple of 4, and takes off what they give: ONNX Runtime's WebGPU
 * kernel (1.30) computes several neighbouring outputs at a time wherever a group has 4 filters or more, and takes them for one group's even where groups end between them.
 * @returns the number of convolutions.
 */
function fillGroups(graph: Graph, opset: number): number {
  let count = 0;
  const build = new GraphBuilder(graph, { prefix: 'fill' });
  for (const node of [...graph.nodes]) {
    for (const inner of node.subgraphs()) count += fillGroups(inner, opset);
    const [filters, read, ...kernel] = staticShape(kernelShape(node)) ?? [];
    const groups = node.int('group', 1);
    if (filters === undefined || groups === 1 || !crossesGroups(filters, filters / groups)) continue;
    count++;
    const each = filters / groups;
    const whole = SEVERAL * Math.ceil(each / SEVERAL);
    const reshape = (value: Value, dims: readonly number[]) => build.op('Reshape', [value, build.ints(dims)]);
    const filled = (value: Value, dims: readonly number[]) => {
      const pads = [0, 0, ...dims.map(() => 0), 0, whole - each, ...dims.map(() => 0)];
      const parts = reshape(value, [groups, each, ...dims]);
      const wider = opset < 11 ? build.op('Pad', [parts], { pads }) : build.op('Pad', [parts, build.ints(pads)]);
      return reshape(wider, [groups * whole, ...dims]);
    };
    const [image, weight, bias] = node.inputs as Value[];
    const attributes = Object.fromEntries(node.attributes);
    const computed = build.op('Conv', [image, filled(weight, [read, ...kernel]), bias && filled(bias, [])], attributes);
    const kept = Array.from({ length: filters }, (_, filter) => Math.floor(filter / each) * whole + (filter % each));
    graph.replace(node.outputs[0] as Value, build.op('Gather', [computed, build.ints(kept)], { axis: 1 }));
    graph.remove(node);
  }
  graph.sort();
  return count;
}

export const filledGroups: Pass = {
  name: 'webgpu-fill-groups',
  summary: 'Grouped convolutions that the WebGPU kernel computes wrongly have filters of zeros besides, up to a multiple of 4 in a group.',
  kind: 'runtime',
  requires: [],
  ensures: [],
  run: ({ graph, opset }) => fillGroups(graph, opset),
};

/** Whether outputs that are computed together are of two groups: 4, 2 or 1 of them, as many as divide the filters. */
function crossesGroups(filters: number, each: number): boolean {
  const together = [4, 2, 1].find((count) => filters % count === 0) as number;
  return each >= SEVERAL && each % together !== 0;
}
