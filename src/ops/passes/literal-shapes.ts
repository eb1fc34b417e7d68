import { GraphError } from '../../base/index.js';
import {
  type Dim,
  functionsWrittenOut,
  type Graph,
  type Model,
  type Node,
  type Pass,
  sameDim,
  Tensor,
  type Value,
} from '../../onnx/index.js';
import { Inference } from '../inference.js';

export const literalShapes: Pass = {
  name: 'literal-shapes',
  summary: 'Sizes that a graph computes become constants where they are the same for every input.',
  kind: 'form',
  requires: [functionsWrittenOut],
  ensures: [],
  run: writeLiteralShapes,
};

/**
 * Writes sizes that a graph computes as constants where they are the same for every input, in place: exporters divide and multiply the sizes of
 * tensors (heads times batch, width over heads), and a result that is a plain number can be put right after a removal, arithmetic cannot.
 * Targets of Reshapes that still hold one unknown get a -1 for it, and a 0 for what is as in the input.
 * @param model with open shapes: what is written holds for all of them. A graph that contradicts itself stays as it is.
 */
function writeLiteralShapes({ graph, opsets }: Model): number {
  graph.sort();
  const inference = new Inference(opsets);
  try {
    inference.graph(graph);
  } catch (error) {
    // Open sizes may contradict each other where those of one run do not.
    if (error instanceof GraphError) return 0;
    throw error;
  }
  let count = 0;
  for (const node of [...graph.nodes]) {
    for (const output of node.outputs) if (output && settle(graph, output, inference.integers(output))) count++;
    const target = computedTarget(node);
    if (!target) continue;
    node.setInput(1, graph.addInitializer('', Tensor.from('int64', [target.length], target)));
    count++;
  }
  return count;
}

/** Replaces a computed vector or scalar whose numbers are all known. @returns whether it is one. */
function settle(graph: Graph, value: Value, contents: readonly Dim[] | undefined): boolean {
  const { shape, dtype } = value;
  const isSize = (dtype === 'int64' || dtype === 'int32') && (shape?.length ?? 2) < 2 && !value.constant;
  if (!isSize || !contents?.every((dim) => typeof dim === 'number') || graph.outputs.includes(value)) return false;
  const known = graph.addInitializer('', Tensor.from(dtype, shape as number[], contents as number[]));
  for (const { node, index } of value.uses()) node.setInput(index, known);
  return true;
}

/** A target that says what a Reshape's computed one comes to. */
function computedTarget(node: Node): number[] | undefined {
  const [data, target] = node.inputs;
  const to = node.outputs[0]?.shape;
  if (node.op !== 'Reshape' || node.domain !== '' || !target || target.constant || !to || node.int('allowzero', 0) !== 0) return undefined;
  const from = data?.shape ?? [];
  const dims = to.map((dim, axis) => {
    if (typeof dim === 'number') return dim;
    return axis < from.length && sameDim(dim, from[axis]) ? 0 : -1;
  });
  const isPlain = dims.filter((dim) => dim === -1).length <= 1 && !to.includes(0);
  return isPlain ? dims : undefined;
}
