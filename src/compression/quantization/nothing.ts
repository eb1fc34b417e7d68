import { formatBytes, UnsupportedError } from '../../base/index.js';
import { type Graph, isFloat, type Model, type Node } from '../../onnx/index.js';

export function nothingToQuantize(model: Model): UnsupportedError {
  return new UnsupportedError({
    what: 'There is no layer to quantize',
    where: model.source,
    expected: 'a convolution or matrix product with a constant float32 weight that is not excluded',
    got: whereWeightsAre(model),
  });
}

/** "its float weights (2.3 MB) are read by LSTM (90%), Gather (10%)", for people: what is to be looked at where nothing gets smaller. */
export function whereWeightsAre(model: Model): string {
  const bytes = floatBytesByOperator(model.graph);
  const total = [...bytes.values()].reduce((sum, each) => sum + each, 0);
  if (total === 0) return 'it has no float weights';
  const largest = [...bytes].sort(([, a], [, b]) => b - a).slice(0, 3);
  const share = (each: number) => `${Math.round((100 * each) / total)}%`;
  return `its float weights (${formatBytes(total)}) are read by ${largest.map(([op, each]) => `${op} (${share(each)})`).join(', ')}`;
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
