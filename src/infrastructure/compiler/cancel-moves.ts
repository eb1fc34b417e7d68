import type { Graph, Node, Value } from '../../onnx/index.js';

/**
 * Removes, in place, data movement that does nothing: Identity, Transpose after Transpose (fused into one, or none where they cancel), Cast to
 * the type that a value has already, Reshape after Reshape, and Dropout in inference.
 * @returns the number of nodes removed.
 */
export function cancelMoves(graph: Graph): number {
  graph.sort();
  const gone: Node[] = [];
  for (const node of graph.nodes) {
    const source = node.domain === '' ? simplify(node) : undefined;
    const [output] = node.outputs;
    if (!source || !output || source === output || !mayReplace(graph, output, source)) continue;
    graph.replace(output, source);
    gone.push(node);
  }
  graph.remove(...gone);
  return gone.length;
}

/** What the node's first output equals, if it equals a value that exists. May rewire the node to skip the one before it. */
function simplify(node: Node): Value | undefined {
  const [input] = node.inputs;
  if (!input) return undefined;
  switch (node.op) {
    case 'Identity':
      return input;
    case 'Dropout':
      return node.outputs[1] || node.inputs[2] ? undefined : input;
    case 'Cast':
      return input.dtype !== undefined && input.dtype === node.outputs[0]?.dtype ? input : undefined;
    case 'Transpose':
      return transpose(node, input);
    case 'Reshape':
      return reshape(node, input);
    default:
      return undefined;
  }
}

function transpose(node: Node, input: Value): Value | undefined {
  const before = input.producer;
  let order = permutation(node, input);
  if (before?.op === 'Transpose' && before.domain === '' && before.inputs[0]) {
    const first = permutation(before, before.inputs[0]);
    if (order && first) {
      order = order.map((axis) => first[axis]);
      node.setInput(0, before.inputs[0]);
      node.attributes.set('perm', { type: 'ints', value: order });
    }
  }
  return order?.every((axis, index) => axis === index) ? node.inputs[0] : undefined;
}

function permutation(node: Node, input: Value): number[] | undefined {
  const rank = input.shape?.length;
  return node.ints('perm', undefined) ?? (rank === undefined ? undefined : Array.from({ length: rank }, (_, axis) => rank - 1 - axis));
}

/** The shape of the last Reshape is what counts, unless it copies dimensions (0) of what it reads. */
function reshape(node: Node, input: Value): undefined {
  const before = input.producer;
  const target = node.inputs[1]?.constant;
  if (before?.op === 'Reshape' && before.domain === '' && before.inputs[0] && target && target.numbers().every((dim) => dim !== 0))
    node.setInput(0, before.inputs[0]);
  return undefined;
}

/** A graph output stays the output of a node: it may not become a graph input or another output under its own name. */
function mayReplace(graph: Graph, output: Value, source: Value): boolean {
  if (!graph.outputs.includes(output)) return true;
  return source.producer?.graph === graph && !graph.outputs.includes(source) && !graph.inputs.includes(source);
}
