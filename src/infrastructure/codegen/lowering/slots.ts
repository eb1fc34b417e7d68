import type { Graph, Node, Value } from '../../../onnx/index.js';
import { staticShape } from '../../../onnx/index.js';

/** A part of a longer value, along an axis. */
export interface Slot {
  readonly whole: Value;
  readonly axis: number;
  /** Its first index in the whole. */
  readonly start: number;
}

/** Values that only a Concat reads: whoever makes them writes them into its result. */
export function slotsOf(graph: Graph): Map<Value, Slot> {
  const slots = new Map<Value, Slot>();
  for (const node of graph.nodes) {
    const [whole] = node.outputs;
    const rank = whole?.shape?.length;
    if (node.op !== 'Concat' || node.domain !== '' || !whole || !rank) continue;
    const axis = (node.int('axis', 0) + rank) % rank;
    let start = 0;
    for (const part of node.inputs) {
      const shape = staticShape(part?.constant?.shape ?? part?.shape);
      if (!part || !shape) break;
      if (isReadOnce(part, node) && !part.constant && part.producer && !graph.outputs.includes(part))
        slots.set(part, { whole, axis, start });
      start += shape[axis];
    }
  }
  return slots;
}

function isReadOnce(value: Value, node: Node): boolean {
  return value.readers.size === 1 && value.readers.get(node) === 1;
}
