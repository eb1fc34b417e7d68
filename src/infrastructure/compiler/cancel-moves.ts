import { type Graph, type Node, type Pass, sameDim, typesAreKnown, type Value } from '../../onnx/index.js';
import { keepsEveryValue } from './casts.js';

/**
 * Removes, in place and in subgraphs too, data movement that does nothing: Identity, Transpose after Transpose (fused into one, or none where they
 * cancel), Cast to the type that a value has already, Cast after a Cast that loses nothing, Reshape after Reshape or to the shape that a value
 * has already, and Dropout in inference.
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
  graph.removeAll(gone);
  const inner = graph.nodes.flatMap((node) => node.subgraphs());
  return inner.reduce((sum, each) => sum + cancelMoves(each), gone.length);
}

export const cancelledMoves: Pass = {
  name: 'cancel-moves',
  summary: 'Drops or fuses Transpose, Cast, Reshape, Identity and Dropout that do nothing.',
  kind: 'simplify',
  requires: [typesAreKnown],
  ensures: [],
  run: ({ graph }) => cancelMoves(graph),
};

/** What the node's first output equals, if it equals a value that exists. May rewire the node to skip the one before it. */
function simplify(node: Node): Value | undefined {
  const [input] = node.inputs;
  if (!input) return undefined;
  switch (node.op) {
    case 'Identity':
      return input;
    case 'Dropout':
      return node.outputs[1] || trains(node) ? undefined : input;
    case 'Cast':
      return cast(node, input);
    case 'Transpose':
      return transpose(node, input);
    case 'Reshape':
      return reshape(node, input);
    default:
      return undefined;
  }
}

/** From opset 12 on, an input says whether Dropout drops. */
function trains(dropout: Node): boolean {
  const [, , mode] = dropout.inputs;
  return mode !== undefined && (mode.constant === undefined || mode.constant.numbers()[0] !== 0);
}

function cast(node: Node, input: Value): Value | undefined {
  const before = input.producer;
  const to = node.outputs[0]?.dtype;
  const [first] = before?.op === 'Cast' && before.domain === '' ? before.inputs : [];
  if (first?.dtype && input.dtype && to && keepsEveryValue(first.dtype, input.dtype, to)) node.setInput(0, first);
  const [source] = node.inputs;
  return source?.dtype !== undefined && source.dtype === to ? source : undefined;
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
function reshape(node: Node, input: Value): Value | undefined {
  const before = input.producer;
  const dims = node.inputs[1]?.constant?.numbers();
  if (before?.op === 'Reshape' && before.domain === '' && before.inputs[0] && dims?.every((dim) => dim !== 0))
    node.setInput(0, before.inputs[0]);
  const [source] = node.inputs;
  return source && isAlready(source, dims, node.int('allowzero', 0) !== 0) ? source : undefined;
}

/** Whether a value has the target shape for sure. One symbolic size may be left open by -1: the others fix it. */
function isAlready({ shape }: Value, dims: Float64Array | undefined, allowZero: boolean): boolean {
  if (!shape || !dims || shape.length !== dims.length || shape.some((dim) => dim === 0)) return false;
  return shape.every((dim, axis) => dims[axis] === -1 || (dims[axis] === 0 && !allowZero) || sameDim(dim, dims[axis]));
}

/** A graph output stays the output of a node: it may not become a graph input or another output under its own name. */
function mayReplace(graph: Graph, output: Value, source: Value): boolean {
  if (!graph.outputs.includes(output)) return true;
  return source.producer?.graph === graph && !graph.outputs.includes(source) && !graph.inputs.includes(source);
}
