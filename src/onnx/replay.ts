import { copyNode, copyValue } from './copy.js';
import type { Graph, Node, Value } from './graph.js';
import { readsOf } from './reads.js';

/**
 * Computes values of a graph once more from other ones, in place: copies the nodes between. What does not depend on the values that are replaced
 * is shared, random numbers and constants included. None of the replaced values may depend on another.
 * @param wanted what to compute again.
 * @param others what to read instead, by the value that was read so far.
 * @returns the new value of each wanted one; itself where it depends on nothing that is replaced.
 */
export function replay(graph: Graph, wanted: readonly Value[], others: ReadonlyMap<Value, Value>): Map<Value, Value> {
  graph.sort();
  const values = new Map(others);
  const needed = makers(wanted);
  for (const node of [...graph.nodes]) {
    if (!needed.has(node) || !reads(node, values)) continue;
    for (const output of node.outputs) if (output) copyValue(output, values).name = graph.freshName(output.name);
    const copy = graph.add(copyNode(node, values));
    copy.name = graph.freshName(`${node.name || node.op}_again`);
  }
  return new Map(wanted.map((value) => [value, values.get(value) ?? value]));
}

/** Every node that has a part in making some values. */
function makers(wanted: readonly Value[]): Set<Node> {
  const found = new Set<Node>();
  const queue = [...wanted];
  for (let value = queue.pop(); value; value = queue.pop()) {
    const maker = value.producer;
    if (!maker || found.has(maker)) continue;
    found.add(maker);
    for (const read of readsOf(maker)) queue.push(read);
  }
  return found;
}

function reads(node: Node, values: ReadonlyMap<Value, Value>): boolean {
  return readsOf(node).some((value) => values.has(value));
}
