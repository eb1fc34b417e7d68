import { sizeOf } from '../base/index.js';
import { staticShape } from './dims.js';
import { byteLengthOf } from './dtypes.js';
import type { Graph, Node, Value } from './graph.js';
import { readsOf } from './reads.js';

/** Bytes of a value, or undefined where its type or shape is not known before it runs. */
export function bytesOf(value: Value): number | undefined {
  const shape = staticShape(value.shape);
  if (!shape || value.dtype === undefined || value.dtype === 'string') return undefined;
  return byteLengthOf(value.dtype, sizeOf(shape));
}

const views = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity']);

/** Whether a node only gives its first input another shape or name: a runtime lets both share their memory. */
export function isView({ op, domain }: Pick<Node, 'op' | 'domain'>): boolean {
  return domain === '' && views.has(op);
}

/**
 * Most bytes that live at one time where nodes run in a given order: of what they make, from the node that makes it to the last one that reads
 * it. What views give lives in the memory of what they read; outputs of the graph live on; inputs and constants are not counted.
 * @param bytes size of a value.
 */
export function peakBytes(graph: Graph, order: readonly Node[], bytes: (value: Value) => number): number {
  const owner = new Map<Value, Value>();
  for (const node of order) {
    const [read, made] = [node.inputs[0], node.outputs[0]];
    if (isView(node) && read && made) owner.set(made, owner.get(read) ?? read);
  }
  const last = new Map<Value, number>();
  order.forEach((node, place) => {
    for (const value of readsOf(node)) last.set(owner.get(value) ?? value, place);
  });
  for (const output of graph.outputs) last.set(owner.get(output) ?? output, order.length);

  const living = new Map<Value, number>();
  let live = 0;
  let peak = 0;
  order.forEach((node, place) => {
    const made = node.outputs.filter((output) => output !== undefined);
    for (const value of made) {
      if (owner.has(value)) continue;
      const size = bytes(value);
      living.set(value, size);
      live += size;
    }
    peak = Math.max(peak, live);
    for (const value of [...made, ...readsOf(node)].map((each) => owner.get(each) ?? each)) {
      if ((last.get(value) ?? place) > place) continue;
      live -= living.get(value) ?? 0;
      living.delete(value);
    }
  });
  return peak;
}
