import type { Graph, Node, Value } from '../../../onnx/index.js';
import { imageShape } from './layout.js';
import type { Lowering } from './lowering.js';
import { poolOf } from './pools.js';
import { loweringOf } from './table.js';

/**
 * The nodes that are to run on blocked images: those that lead, and those that follow a blocked value. Only float32 images can be reordered,
 * so that a node which makes or reads another type stays plain unless its neighbours on that side are blocked too.
 * @param graph in order.
 */
export function selectNodes(graph: Graph, block: number): Map<Node, Lowering> {
  const excluded = new Set<Node>();
  for (;;) {
    const selected = spread(graph, block, excluded);
    const misfits = [...selected.keys()].filter((node) => !fits(node, selected, graph, block));
    if (misfits.length === 0) return selected;
    for (const node of misfits) excluded.add(node);
  }
}

function spread(graph: Graph, block: number, excluded: ReadonlySet<Node>): Map<Node, Lowering> {
  const selected = new Map<Node, Lowering>();
  for (const node of graph.nodes) {
    const lowering = loweringOf(node);
    if (!lowering || excluded.has(node) || !lowering.accepts(node, block)) continue;
    const follows = node.inputs.some((input) => input && isBlocked(input, selected, block));
    if (follows || lowering.leads?.(node)) selected.set(node, lowering);
  }
  return selected;
}

function isBlocked(value: Value, selected: ReadonlyMap<Node, Lowering>, block: number): boolean {
  const maker = value.producer && selected.get(value.producer);
  return maker !== undefined && !maker.givesPlain && imageShape(value, block) !== undefined;
}

function fits(node: Node, selected: ReadonlyMap<Node, Lowering>, graph: Graph, block: number): boolean {
  if (node.op === 'MaxUnpool') return selected.has(poolOf(node) as Node);
  if (node.op === 'MaxPool' && !(node.outputs[1]?.users ?? []).every((user) => selected.has(user))) return false;
  const movable = (value: Value) => value.dtype === 'float32' || imageShape(value, block) === undefined;
  const [output] = node.outputs;
  const given = output && (movable(output) || (!graph.outputs.includes(output) && output.users.every((user) => selected.has(user))));
  return given === true && node.inputs.every((input) => !input || movable(input) || isBlocked(input, selected, block));
}
