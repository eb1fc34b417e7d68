import type { Graph, Value } from '../graph.js';
import { commonGraph, graphsOf } from '../nested.js';
import type { Tensor } from '../tensor.js';
import type { Pass } from './pass.js';

/** Smaller constants, in bytes, stay where they are. */
const SMALLEST = 1024;

/**
 * Keeps each large constant that stands in several branches or bodies once, in place: in the innermost graph around all that read it. Folding
 * gives every branch a copy of its own of what is computed from weights outside.
 * @returns the number of constants removed.
 */
export function shareConstants(graph: Graph): number {
  const graphs = graphsOf(graph);
  if (graphs.length === 1) return 0;
  const known = new Map<string, { value: Value; home: Graph }[]>();
  let removed = 0;
  for (const home of graphs) {
    const outside = new Set([...home.inputs, ...home.outputs]);
    for (const value of [...home.initializers]) {
      const tensor = value.initializer;
      if (!tensor || outside.has(value) || tensor.dtype === 'string' || tensor.byteLength < SMALLEST) continue;
      const key = `${tensor.dtype}[${tensor.shape}]`;
      const alike = known.get(key) ?? [];
      const first = alike.find((other) => isEqual(other.value.initializer as Tensor, tensor));
      if (!first) {
        known.set(key, [...alike, { value, home }]);
        continue;
      }
      const around = commonGraph(first.home, home);
      if (around !== first.home) move(first.value, first.home, around);
      first.home = around;
      for (const { node, index } of value.uses()) node.setInput(index, first.value);
      home.initializers.delete(value);
      removed++;
    }
  }
  return removed;
}

export const sharedConstants: Pass = {
  name: 'share-constants',
  summary: 'Keeps a large constant that stands in several branches or bodies once, in the graph around them.',
  kind: 'form',
  requires: [],
  ensures: [],
  run: ({ graph }) => shareConstants(graph),
};

function move(value: Value, from: Graph, to: Graph): void {
  from.initializers.delete(value);
  value.name = to.freshName(value.name);
  to.initializers.add(value);
}

function isEqual(a: Tensor, b: Tensor): boolean {
  if (a === b) return true;
  const [left, right] = [a.bytes(), b.bytes()];
  return left.every((byte, i) => byte === right[i]);
}
