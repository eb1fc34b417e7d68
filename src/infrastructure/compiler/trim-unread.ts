import { type Dim, type Graph, type Node, type Pass, staticShape, tensorType, typesAreKnown, type Value } from '../../onnx/index.js';
import { inferenceNormalization, isElementwise, layerOf, paddingOf, ruleOf, tailOf, traitsOf, type Window } from '../../ops/index.js';
import { isInner } from './fold-normalization.js';

/**
 * Leaves out of convolutions what nothing reads, in place and in subgraphs too: the windows of a pool (or of a strided convolution) may end before
 * their input does, by a last row or column of odd sizes. Where the convolution before it is padded there, it needs that much less padding. Between
 * the two may be inference normalization and element-wise operators. Results agree within rounding; only static sizes count.
 * @returns the number of convolutions that became smaller.
 */
export function trimUnread(graph: Graph): number {
  const trimmed = graph.nodes.filter((node) => trim(graph, node)).length;
  const inner = graph.nodes.flatMap((node) => node.subgraphs());
  return inner.reduce((sum, each) => sum + trimUnread(each), trimmed);
}

export const trimmedUnread: Pass = {
  name: 'trim-unread',
  summary:
    'Convolutions leave out last rows and columns that no window of the pool (or strided convolution) behind reads, by less padding.',
  kind: 'simplify',
  requires: [typesAreKnown],
  ensures: [],
  run: ({ graph }) => trimUnread(graph),
};

/** Lets the convolution whose result `reader` slides over make no more than that reads. */
function trim(graph: Graph, reader: Node): boolean {
  const windows = traitsOf(reader).slides?.(reader);
  const unread = windows && unreadBy(reader, windows);
  if (!windows || !unread?.some((count) => count > 0)) return false;
  const path = pathFromConvolution(graph, reader.inputs[0] as Value);
  const layer = path?.at(-1)?.producer;
  const padded = layer && traitsOf(layer).slides?.(layer);
  const sides = sidesOf(layer?.inputs[0]);
  if (!path || !padded || !sides) return false;
  const paddings = padded.map((window, axis) => paddingOf(window, sides[axis]));
  const cuts = unread.map((count, axis) => Math.min(count, Math.floor(Math.max(0, paddings[axis].tail) / padded[axis].stride)));
  if (!cuts.some((count) => count > 0)) return false;
  setPads(
    layer,
    paddings.map(({ head, tail }, axis) => ({ head, tail: tail - cuts[axis] * padded[axis].stride })),
  );
  // What it padded behind the rows that go was not read either.
  setPads(
    reader,
    windows.map(({ head, tail }, axis) => ({ head, tail: cuts[axis] > 0 ? 0 : tail })),
  );
  for (const value of path) shorten(value, cuts);
  return true;
}

/** Elements at the end of each spatial axis of its input that no window of a node touches. */
function unreadBy(reader: Node, windows: readonly Window[]): number[] | undefined {
  const [input, output] = [sidesOf(reader.inputs[0]), sidesOf(reader.outputs[0])];
  // Indices count the elements of the input, and windows of other kinds follow from its size.
  const plain = windows.every(({ autoPad, ceil }) => !ceil && (autoPad === 'NOTSET' || autoPad === 'VALID'));
  if (!input || !output || !plain || reader.outputs.slice(1).some((other) => other)) return undefined;
  return windows.map((window, axis) => {
    const behind = -tailOf({ ...window, input: input[axis], output: output[axis] });
    return Math.max(0, Math.min(behind, input[axis] - 1));
  });
}

/** The values from `last` back to the result of a convolution, where each is read once and follows from the one before position by position. */
function pathFromConvolution(graph: Graph, last: Value): Value[] | undefined {
  const path: Value[] = [];
  for (let value: Value | undefined = last; value; ) {
    const { producer }: Value = value;
    if (!producer || producer.graph !== graph || !isInner(graph, value) || !sidesOf(value)) return undefined;
    path.push(value);
    if (layerOf(producer)?.kind === 'kernel') return path;
    value = sourceOf(producer);
  }
  return undefined;
}

/** The one operand of a node that has positions, and as many of them as its result; undefined where it does more than go from position to position. */
function sourceOf(node: Node): Value | undefined {
  if (inferenceNormalization(node)) return node.inputs[0];
  const rule = ruleOf(node);
  const rank = node.outputs[0]?.shape?.length ?? 0;
  if (!rule || !isElementwise(rule) || node.attributes.has('axis')) return undefined;
  const varied = node.inputs.filter((input) => input && !isAlikeEverywhere(input, rank));
  const [source] = varied;
  return varied.length === 1 && source?.shape?.length === rank ? source : undefined;
}

/** Whether an operand that broadcasts to `rank` axes is the same at all positions: the last axes but two, as far as it has them. */
function isAlikeEverywhere({ shape }: Value, rank: number): boolean {
  return shape?.slice(Math.max(0, shape.length - rank + 2)).every((size) => size === 1) ?? false;
}

/** Sizes of a value [N, C, …sides], where they are static. */
function sidesOf(value: Value | undefined): number[] | undefined {
  return staticShape(value?.shape?.slice(2));
}

function setPads(node: Node, paddings: readonly { head: number; tail: number }[]): void {
  node.attributes.delete('auto_pad');
  node.attributes.set('pads', { type: 'ints', value: [...paddings.map(({ head }) => head), ...paddings.map(({ tail }) => tail)] });
}

function shorten(value: Value, cuts: readonly number[]): void {
  const [batch, channels, ...sides] = value.shape as readonly Dim[];
  if (value.dtype) value.type = tensorType(value.dtype, [batch, channels, ...sides.map((side, axis) => Number(side) - cuts[axis])]);
}
