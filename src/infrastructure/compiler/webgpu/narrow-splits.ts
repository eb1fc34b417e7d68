import { type Graph, GraphBuilder, type Node, type Pass, type Value } from '../../../onnx/index.js';

/** Buffers that every WebGPU device lets a shader write to (its limit maxStorageBuffersPerShaderStage is 8 at least), less the one that is read. */
const MOST = 7;

/**
 * Writes, in place, every Split with more outputs than a WebGPU shader may write as a tree of Splits, which gives the same. ONNX Runtime's own
 * kernel (1.30) refuses them when it runs. Splits whose sizes are not constant stay as they are.
 * @param most outputs of a Split, at least 2. Default 7, what every WebGPU device can do.
 * @returns the number of Splits that were too wide.
 */
function narrowSplits(graph: Graph, most = MOST): number {
  let count = 0;
  const build = new GraphBuilder(graph, { prefix: 'narrow' });
  for (const node of [...graph.nodes]) {
    for (const inner of node.subgraphs()) count += narrowSplits(inner, most);
    const sizes = sizesOf(node, most);
    if (!sizes) continue;
    const parts = tree(build, node, node.inputs[0] as Value, sizes, most);
    node.outputs.forEach((output, index) => {
      if (!output) return;
      parts[index].type = output.type;
      graph.replace(output, parts[index]);
    });
    graph.remove(node);
    count++;
  }
  graph.sort();
  return count;
}

export const narrowedSplits: Pass = {
  name: 'webgpu-narrow-splits',
  summary: 'A Split with more outputs than a WebGPU shader may write becomes a tree of Splits.',
  kind: 'runtime',
  requires: [],
  ensures: [],
  run: ({ graph }) => narrowSplits(graph),
};

/** The sizes of a Split that is too wide, where they are known. */
function sizesOf(node: Node, most: number): number[] | undefined {
  if (node.op !== 'Split' || node.domain !== '' || node.outputs.length <= most) return undefined;
  const given = node.inputs[1]?.constant?.numbers() ?? node.ints('split', undefined);
  return given && [...given];
}

function tree(build: GraphBuilder, node: Node, value: Value, sizes: readonly number[], most: number): Value[] {
  if (sizes.length === 1) return [value];
  if (sizes.length <= most) return split(build, node, value, sizes);
  let width = most;
  while (width * most < sizes.length) width *= most;
  const groups = Array.from({ length: Math.ceil(sizes.length / width) }, (_, index) => sizes.slice(index * width, (index + 1) * width));
  const sums = groups.map((group) => group.reduce((sum, size) => sum + size, 0));
  return split(build, node, value, sums).flatMap((part, index) => tree(build, node, part, groups[index], most));
}

/** A Split in the form of another: its sizes were an attribute once. */
function split(build: GraphBuilder, like: Node, value: Value, sizes: readonly number[]): Value[] {
  const axis = like.int('axis', 0);
  return like.inputs[1]
    ? build.node('Split', [value, build.ints(sizes)], { axis }, { outputs: sizes.length })
    : build.node('Split', [value], { axis, split: sizes }, { outputs: sizes.length });
}
