import { type Graph, isFloat, type Model, type Node } from '../../onnx/index.js';
import type { PairedTime } from './time.js';

/** A file that is not at least this much smaller has gained nothing, as a share. */
const LEAST_GAIN = 0.01;

/** Where smaller was what was asked for: why a new model gains nothing, as a sentence without its full stop; undefined where it is smaller or faster. */
export function noGain(bytes: { before: number; after: number }, time: PairedTime | string | undefined, before: Model): string | undefined {
  if (bytes.after < (1 - LEAST_GAIN) * bytes.before) return undefined;
  if (typeof time === 'object' && time.verdict === 'faster') return undefined;
  const ratio = (bytes.after / bytes.before).toFixed(2);
  return `it gains nothing: the file is ${ratio} times as large${typeof time === 'object' ? ` and ${time.verdict}` : ''}; ${whereWeightsAre(before)}`;
}

/** "most of its float weights (2.1 of 2.3 MB) are read by LSTM, Gather", for people. */
export function whereWeightsAre(model: Model): string {
  const bytes = floatBytesByOperator(model.graph);
  const total = [...bytes.values()].reduce((sum, each) => sum + each, 0);
  if (total === 0) return 'it has no float weights';
  const largest = [...bytes].sort(([, a], [, b]) => b - a).slice(0, 3);
  const share = (each: number) => `${Math.round((100 * each) / total)}%`;
  return `its float weights (${(total / 1000).toFixed(1)} KB) are read by ${largest.map(([op, each]) => `${op} (${share(each)})`).join(', ')}`;
}

/** Each constant counts for the first operator that reads it, in subgraphs too. */
function floatBytesByOperator(graph: Graph, found = new Map<string, number>(), seen = new Set<object>()): Map<string, number> {
  const add = (node: Node, bytes: number) => found.set(node.op, (found.get(node.op) ?? 0) + bytes);
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      const tensor = input?.constant;
      if (!tensor || seen.has(tensor) || !isFloat(tensor.dtype)) continue;
      seen.add(tensor);
      add(node, tensor.byteLength);
    }
    for (const inner of node.subgraphs()) floatBytesByOperator(inner, found, seen);
  }
  return found;
}
