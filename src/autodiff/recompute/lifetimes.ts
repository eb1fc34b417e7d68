import { bytesOf, type Graph, isView, mayVary, type Node, readsOf, type Value } from '../../onnx/index.js';

/** A tensor in memory: what a node made, with everything that is only a view of it. */
export interface Buffer {
  readonly index: number;
  readonly bytes: number;
  /** Place of the node that makes it; undefined for inputs and constants, which are always there. */
  readonly made?: number;
  /** Places of the nodes that read it, ascending. */
  readonly reads: number[];
  /** Whether its node may run once more: it gives the same result each time, and nobody outside waits for this one. */
  repeatable: boolean;
}

/** Who makes and who reads each tensor of a graph whose nodes run as they are listed. */
export interface Lifetimes {
  readonly nodes: readonly Node[];
  readonly buffers: readonly Buffer[];
  /** The tensor that holds a value. */
  readonly of: ReadonlyMap<Value, Buffer>;
  /** Tensors that each node reads and makes, in the order of the nodes; a view makes and reads none. */
  readonly reads: readonly (readonly Buffer[])[];
  readonly makes: readonly (readonly Buffer[])[];
  /** Those that stay to the end: outputs of the graph. */
  readonly outputs: ReadonlySet<Buffer>;
}

export function lifetimesOf(graph: Graph): Lifetimes {
  graph.sort();
  const buffers: Buffer[] = [];
  const of = new Map<Value, Buffer>();
  const add = (value: Value, made: number | undefined, repeatable: boolean) => {
    const buffer: Buffer = { index: buffers.length, bytes: bytesOf(value) ?? 0, made, reads: [], repeatable };
    buffers.push(buffer);
    of.set(value, buffer);
    return buffer;
  };
  const bufferOf = (value: Value) => of.get(value) ?? add(value, undefined, false);
  const reads: Buffer[][] = [];
  const makes: Buffer[][] = [];
  graph.nodes.forEach((node, place) => {
    const [read, made] = [node.inputs[0], node.outputs[0]];
    if (isView(node) && read && made) {
      of.set(made, bufferOf(read));
      reads.push([]);
      makes.push([]);
      return;
    }
    const holdsGraph = node.subgraphs().length > 0;
    const repeatable = !mayVary(node) && !holdsGraph;
    const taken = [...new Set(readsOf(node).map(bufferOf))];
    for (const buffer of taken) {
      buffer.reads.push(place);
      // What a subgraph reads cannot be exchanged from outside.
      if (holdsGraph) buffer.repeatable = false;
    }
    reads.push(taken);
    makes.push(node.outputs.flatMap((output) => (output ? [add(output, place, repeatable)] : [])));
  });
  const outputs = new Set(graph.outputs.map(bufferOf));
  for (const buffer of outputs) buffer.repeatable = false;
  return { nodes: [...graph.nodes], buffers, of, reads, makes, outputs };
}

/** The longest time between two uses of a tensor that a node makes, one at `extra` among them: from the one to the other. */
export function longestIdle({ made = 0, reads }: Buffer, extra?: number): { readonly from: number; readonly to: number } {
  const uses = [made, ...reads, ...(extra === undefined ? [] : [extra])];
  let idle = { from: made, to: made };
  for (let index = 1; index < uses.length; index++) {
    if (uses[index] - uses[index - 1] > idle.to - idle.from) idle = { from: uses[index - 1], to: uses[index] };
  }
  return idle;
}
