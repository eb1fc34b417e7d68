import { DataError } from '../../base/index.js';
import {
  copyModel,
  dependentsOf,
  GraphBuilder,
  isFloat,
  type Model,
  type Node,
  readsOf,
  removeDeadCode,
  type Value,
} from '../../onnx/index.js';
import { inferShapes, traitsOf } from '../../ops/index.js';

/** Operators of other domains that pick some of their numbers: EfficientNMS_TRT, BatchedNMSDynamic_TRT, TFLite_Detection_PostProcess, DetectionOutput, ... */
const SELECTING_ELSEWHERE = /nms|non_?max|detection|topk/i;
/** Operators that bring weights: behind them a network goes on, and nothing before has been the end of it. */
const LEARNED = /Conv|Gemm|LSTM|GRU|RNN|Attention/;

/** What the end of a detector picks from. */
interface Selection {
  /** Values that the selection reads, in the order in which it does: boxes and scores. */
  inputs: Value[];
  /** Outputs of the model that are not selected. */
  others: Value[];
}

/**
 * Finds where a model ends in a selection, as detectors do in non-maximum suppression: the floating-point values in front of it. A selection in the middle
 * of a network, as of proposals that are looked at once more, is none. Undefined where nothing is selected.
 */
function selectionOf({ graph }: Model): Selection | undefined {
  graph.sort();
  const moving = numbersOf(graph.nodes, graph.feeds);
  const seeds = graph.nodes.filter((node) => selects(node) && readsOf(node).some((value) => moving.has(value)) && !isLearnedFrom(node));
  if (seeds.length === 0) return undefined;
  const behind = dependentsOf(graph, seeds.flatMap(outputsOf));
  const isBehind = (node: Node) => seeds.includes(node) || outputsOf(node).some((value) => behind.has(value));
  // The class of the largest score is as much a selection, where it is read by one.
  const labels = graph.nodes.filter((node) => node.op === 'ArgMax' && outputsOf(node).some((value) => value.users.some(isBehind)));
  const chosen = new Set([...graph.nodes.filter(isBehind), ...labels]);
  const inputs = new Set<Value>();
  const visit = (node: Node | undefined, seen: Set<Node>): void => {
    if (!node || seen.has(node)) return;
    seen.add(node);
    for (const value of readsOf(node)) {
      if (value.producer && chosen.has(value.producer)) visit(value.producer, seen);
      else if (moving.has(value) && value.producer?.graph === graph && isFloat(value.dtype)) inputs.add(value);
    }
  };
  const seen = new Set<Node>();
  for (const output of graph.outputs) if (output.producer && chosen.has(output.producer)) visit(output.producer, seen);
  const others = graph.outputs.filter((output) => !(output.producer && chosen.has(output.producer)));
  return inputs.size > 0 ? { inputs: [...inputs], others } : undefined;
}

function outputsOf(node: Node): Value[] {
  return node.outputs.filter((value) => value !== undefined);
}

/** Whether a node, or one in its subgraphs, picks. */
function selects(node: Node): boolean {
  const isStandard = node.domain === '' || node.domain === 'ai.onnx';
  const own = traitsOf(node).selects || (!isStandard && SELECTING_ELSEWHERE.test(node.op));
  return own || node.subgraphs().some((graph) => graph.nodes.some(selects));
}

/** Values that hold numbers of the data, and not only its sizes. */
function numbersOf(nodes: readonly Node[], feeds: readonly Value[]): Set<Value> {
  const found = new Set(feeds);
  for (const node of nodes) {
    if (traitsOf(node).shapeOnly || !readsOf(node).some((value) => found.has(value))) continue;
    for (const output of outputsOf(node)) found.add(output);
  }
  return found;
}

/** Whether a network goes on behind a node. */
function isLearnedFrom(node: Node): boolean {
  const seen = new Set<Node>();
  const queue = [node];
  for (let next = queue.pop(); next; next = queue.pop()) {
    for (const reader of outputsOf(next).flatMap((value) => value.users)) {
      if (seen.has(reader)) continue;
      if (LEARNED.test(reader.op) || (/MatMul/.test(reader.op) && reader.inputs.some((value) => value?.constant))) return true;
      seen.add(reader);
      queue.push(reader);
    }
  }
  return false;
}

/** What outputs that were inner values are called. */
const PREFIX = 'before selection: ';

/**
 * Names of what a model's selection picks from, as `cutSelection` calls its outputs, and then of the outputs that are not selected; none where nothing is
 * selected.
 */
export function selectedFrom(source: Model): string[] {
  const { inputs, others } = selectionIn(source).found;
  return inputs.length === 0 ? [] : [...inputs.map(({ name }) => `${PREFIX}${name}`), ...others.map(({ name }) => name)];
}

/**
 * A copy of a model without the selection that it ends in: its outputs are what is selected from, found by structure, because names inside change
 * through compression, and called `names`, in order.
 * @throws DataError where the model does not end as the one that the names are of.
 */
export function cutSelection(source: Model, names: readonly string[]): Model {
  const { model, found } = selectionIn(source);
  const { graph } = model;
  if (found.inputs.length + found.others.length !== names.length) throw endsOtherwise(source, names);
  const build = new GraphBuilder(graph);
  graph.outputs.length = 0;
  const batch = graph.feeds[0]?.shape?.[0];
  found.inputs.forEach((value, i) => {
    // Exporters of detectors for one image drop the batch axis.
    const hasBatch = typeof batch !== 'number' || typeof value.shape?.[0] !== 'number' || value.shape[0] === batch;
    const carrier = hasBatch ? build.op('Identity', [value]) : unsqueezed(build, value, model.opset);
    build.output(carrier, names[i]);
  });
  graph.outputs.push(...found.others);
  removeDeadCode(graph);
  inferShapes(model);
  return model;
}

/** A copy of a model that has what its selection picks from, called `names`, as further outputs. */
export function exposeSelection(source: Model, names: readonly string[]): Model {
  const { model, found } = selectionIn(source);
  if (found.inputs.length !== names.length) throw endsOtherwise(source, names);
  const build = new GraphBuilder(model.graph);
  found.inputs.forEach((value, i) => {
    build.output(build.op('Identity', [value]), names[i]);
  });
  inferShapes(model);
  return model;
}

function selectionIn(source: Model): { model: Model; found: Selection } {
  const model = copyModel(source);
  inferShapes(model);
  const found = selectionOf(model);
  return { model, found: found ?? { inputs: [], others: model.graph.outputs.slice() } };
}

function unsqueezed(build: GraphBuilder, value: Value, opset: number): Value {
  return opset < 13 ? build.op('Unsqueeze', [value], { axes: [0] }) : build.op('Unsqueeze', [value, build.ints([0])]);
}

function endsOtherwise({ source }: Model, names: readonly string[]): DataError {
  return new DataError({
    what: 'The model does not end in a selection as the original does: what goes into the two cannot be compared',
    where: source,
    expected: names.map((name) => `"${name}"`).join(', '),
  });
}
