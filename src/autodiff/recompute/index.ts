import { copyNode, copyValue, type Graph, isView, type Node, removeDeadCode, staticShape, type Value } from '../../onnx/index.js';
import { ruleOf } from '../../ops/index.js';
import { choose } from './choose.js';
import { type Lifetimes, lifetimesOf } from './lifetimes.js';
import { type Dropped, isLate, simulate } from './schedule.js';

/** Multiply-accumulates that take as long as moving a byte, about: a processor does some 100 to 200 G of the ones, and moves some 50 to 100 GB, a second. */
const MACS_PER_BYTE = 2;

/** What recomputation came to. All in bytes or multiply-accumulates of one run of the graph. */
export interface Recomputation {
  /** Most bytes that live at one time, inputs (weights and optimizer state among them) included, constants not. */
  readonly peakBytes: number;
  /** The same without recomputation. */
  readonly peakBytesBefore: number;
  /** Nodes that run twice. */
  readonly recomputed: number;
  /** Multiply-accumulates before, and what recomputation adds to them. */
  readonly macs: number;
  readonly addedMacs: number;
}

/**
 * Lets a graph forget values between two uses that lie far apart, and compute them again (Chen et al. 2016, "Training deep nets with sublinear
 * memory cost"), in place, until no more than `budget` bytes live at one time. In a training step those are activations that the backward pass
 * reads. What is made again has the same bits: the same nodes run on the same values; random operators are never run twice.
 *
 * The order of the nodes counts: copies stand right before their first reader. A runtime that merges equal nodes undoes it.
 * @param budget in bytes; see Recomputation.peakBytes. Where it cannot be met, the graph is left as it is.
 * @returns what came of it; where the budget cannot be met, the smallest peak that can.
 */
export function recompute(graph: Graph, opsets: ReadonlyMap<string, number>, budget: number): Recomputation {
  const lifetimes = lifetimesOf(graph);
  const inputs = graph.feeds.reduce((sum, input) => sum + (lifetimes.of.get(input)?.bytes ?? 0), 0);
  const macs = lifetimes.nodes.map((node) => macsOf(node, opsets));
  const moved = (place: number) =>
    [...lifetimes.reads[place], ...lifetimes.makes[place]].reduce((sum, { bytes }) => sum + bytes, 0) * MACS_PER_BYTE;
  const before = simulate(lifetimes, new Map()).peak;
  const { dropped, outcome } = choose(lifetimes, (place) => macs[place] + moved(place), budget - inputs);
  const found: Recomputation = {
    peakBytes: inputs + outcome.peak,
    peakBytesBefore: inputs + before,
    recomputed: outcome.again.length,
    macs: macs.reduce((sum, each) => sum + each, 0),
    addedMacs: outcome.again.reduce((sum, place) => sum + macs[place], 0),
  };
  if (found.peakBytes <= budget) repeatNodes(graph, lifetimes, dropped);
  return found;
}

/** Multiply-accumulates by the operator's rule; nothing where shapes are not known. */
function macsOf(node: Node, opsets: ReadonlyMap<string, number>): number {
  const shape = (value: Value | undefined) => (value ? staticShape(value.shape) : []);
  if (node.subgraphs().length > 0 || ![...node.inputs, ...node.outputs].every((value) => shape(value) !== undefined)) return 0;
  const rule = ruleOf(node);
  return rule
    ? rule.macs({
        node,
        opset: opsets.get(node.domain) ?? 1,
        input: (index) => shape(node.inputs[index]) ?? [],
        output: (index) => shape(node.outputs[index]) ?? [],
      })
    : 0;
}

/** Writes the copies into the graph. */
function repeatNodes(graph: Graph, { nodes, of }: Lifetimes, dropped: Dropped): void {
  const copies = new Map<Value, Value>();
  const later = (value: Value, place: number): Value => {
    const buffer = of.get(value);
    if (!buffer || !value.producer || !isLate(buffer, place, dropped)) return value;
    return copies.get(value) ?? repeat(value.producer, value, place);
  };
  const repeat = (node: Node, wanted: Value, place: number): Value => {
    const inputs = new Map(node.inputs.flatMap((input) => (input ? [[input, later(input, place)]] : [])));
    for (const output of node.outputs) if (output) copyValue(output, copies).name = graph.freshName(output.name);
    const copy = graph.add(copyNode(node, new Map([...copies, ...inputs])));
    copy.name = graph.freshName(`${node.name || node.op}_again`);
    return copies.get(wanted) as Value;
  };
  nodes.forEach((node, place) => {
    // What reads a view reads what is behind it, and lets both be repeated.
    if (isView(node)) return;
    node.inputs.forEach((input, index) => {
      const replacement = input && later(input, place);
      if (replacement !== input) node.setInput(index, replacement);
    });
  });
  graph.sort();
  removeDeadCode(graph);
}
