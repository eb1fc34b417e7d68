import { bytesOf, type Graph, readsOf, type Value } from '../../onnx/index.js';
import type { ConstantValues } from './constants.js';

export interface PeakMemory {
  /** Bytes of the model's inputs, and of its outputs. */
  readonly inputs: number;
  readonly outputs: number;
  /** Most bytes of inner activations that live at one time; inputs, outputs and weights not counted. */
  readonly activations: number;
  /** Most bytes that live at one time, inputs still needed and outputs already made included; weights not counted. */
  readonly total: number;
  /** The layer at which `total` is reached. */
  readonly at?: string;
}

/**
 * Liveness over the nodes in their order: a value lives from the node that makes it to the last one that reads it, and a node's inputs and
 * outputs live together (nothing is computed in place). A node with subgraphs adds the largest of their peaks.
 */
export function peakMemory(graph: Graph, constants: ConstantValues): PeakMemory {
  const inputs = graph.feeds;
  const sum = (values: readonly Value[]) => values.reduce((total, value) => total + (bytesOf(value) ?? 0), 0);
  const outside = new Set([...inputs, ...graph.outputs]);
  const { peak, at } = sweep(graph, constants, () => true);
  const activations = sweep(graph, constants, (value) => !outside.has(value)).peak;
  return { inputs: sum(inputs), outputs: sum(graph.outputs), activations, total: peak, at };
}

/** The peak of the values that are `counted`, over one pass through the graph. */
function sweep(graph: Graph, constants: ConstantValues, counted: (value: Value) => boolean): { peak: number; at?: string } {
  const last = lastReads(graph);
  const living = new Map<Value, number>();
  let live = 0;
  const define = (value: Value) => {
    const bytes = counted(value) && !constants.isFixed(value) ? (bytesOf(value) ?? 0) : 0;
    living.set(value, bytes);
    live += bytes;
  };
  const release = (value: Value) => {
    live -= living.get(value) ?? 0;
    living.delete(value);
  };

  for (const input of graph.feeds) if (last.has(input)) define(input);
  let peak = live;
  let at: string | undefined;
  graph.nodes.forEach((node, index) => {
    const made = node.outputs.filter((output) => output !== undefined);
    made.forEach(define);
    const within = Math.max(0, ...node.subgraphs().map((inner) => sweep(inner, constants, counted).peak));
    if (live + within > peak) [peak, at] = [live + within, node.label];
    for (const value of [...made, ...readsOf(node)]) if ((last.get(value) ?? index) <= index) release(value);
  });
  return { peak, at };
}

/** Index of the last node that reads each value; outputs of the graph outlive every node. */
function lastReads(graph: Graph): Map<Value, number> {
  const last = new Map<Value, number>();
  graph.nodes.forEach((node, index) => {
    for (const value of readsOf(node)) last.set(value, index);
  });
  for (const output of graph.outputs) last.set(output, graph.nodes.length);
  return last;
}
