import { addTo } from '../../base/index.js';
import { type Footprint, footprint } from '../../infrastructure/hardware/index.js';
import { type Attribute, copyModel, inlineFunctions, type Model, type Node, type Value } from '../../onnx/index.js';
import { inferShapes } from '../../ops/index.js';
import type { GraphInfo, GraphNode } from '../api/index.js';

/** Nodes of a graph that is drawn. */
export const MOST_NODES = 20_000;
/** Attributes of a node that are shown, and characters of each. */
const MOST_ATTRIBUTES = 32;
const LONGEST_ATTRIBUTE = 120;

type Cost = Pick<GraphNode, 'parameters' | 'macs' | 'weightBytes' | 'activationBytes'>;
const NOTHING: Cost = { parameters: 0, macs: 0, weightBytes: 0, activationBytes: 0 };

/**
 * A model's graph to be drawn, with what each operator costs for one sample. Nodes that compute with constants alone are left out, as they run once.
 * @param bytes of its file.
 * @returns undefined for one of more than `MOST_NODES`, which nobody could see anything in.
 */
export function graphInfo(model: Model, name: string, bytes: number): GraphInfo | undefined {
  const cost = footprint(model, { bytes });
  const typed = copyModel(inlineFunctions(model));
  if (typed.graph.nodes.length > MOST_NODES) return undefined;
  inferShapes(typed, { bindings: cost.bindings });
  return drawn(typed, name, costsOf(cost));
}

function drawn({ graph }: Model, name: string, costs: Map<string, Cost[]>): GraphInfo {
  const nodes: GraphNode[] = [];
  /** Where a value comes from, by position in `nodes`. */
  const places = new Map<Value, number>();
  const edges: GraphInfo['edges'] = [];
  const connect = (value: Value | undefined, to: number) => {
    const from = value && places.get(value);
    if (value && from !== undefined) edges.push({ from, to, tensor: value.name, ...shown('shape', value) });
  };
  for (const feed of graph.feeds) {
    places.set(feed, nodes.length);
    nodes.push({ kind: 'input', name: feed.name, op: 'Input', ...shown('output', feed), ...NOTHING, attributes: {} });
  }
  for (const node of graph.nodes) {
    const label = labelOf(node);
    const cost = costs.get(keyOf(label, node.op))?.shift();
    if (!cost) continue;
    const place = nodes.length;
    nodes.push({
      kind: 'operator',
      name: label,
      op: node.op,
      ...shown('output', node.outputs[0]),
      ...cost,
      attributes: attributesOf(node),
    });
    for (const input of new Set([...node.inputs, ...node.subgraphs().flatMap((body) => body.nodes.flatMap(({ inputs }) => inputs))]))
      connect(input, place);
    for (const output of node.outputs) if (output) places.set(output, place);
  }
  for (const output of graph.outputs) {
    const place = nodes.length;
    nodes.push({ kind: 'output', name: output.name, op: 'Output', ...shown('output', output), ...NOTHING, attributes: {} });
    connect(output, place);
  }
  return { name, nodes, edges };
}

/** Costs by name and operator, in the order of the graph; a node with subgraphs has those of its branch that counts. */
function costsOf({ layers }: Footprint): Map<string, Cost[]> {
  const costs = new Map<string, Cost[]>();
  let outer: Cost | undefined;
  for (const { node, op, within, alternative, parameters, macs = 0, weightBytes, activationBytes } of layers) {
    if (within !== undefined) {
      if (outer && !alternative) {
        outer.parameters += parameters;
        outer.macs += macs;
        outer.weightBytes += weightBytes;
        outer.activationBytes += activationBytes;
      }
      continue;
    }
    outer = { parameters, macs, weightBytes, activationBytes };
    addTo(costs, keyOf(node, op), outer);
  }
  return costs;
}

/** As footprints name layers. */
function labelOf({ name, outputs }: Node): string {
  return name || (outputs.find((output) => output)?.name ?? '');
}

function keyOf(label: string, op: string): string {
  return JSON.stringify([label, op]);
}

function shown<Name extends 'shape' | 'output'>(name: Name, value: Value | undefined): { [K in Name]?: (number | string)[] } {
  const shape = value?.shape?.map((dim) => (typeof dim === 'number' ? dim : dim.text));
  return (shape ? { [name]: shape } : {}) as { [K in Name]?: (number | string)[] };
}

function attributesOf(node: Node): Record<string, string> {
  const some = [...node.attributes].slice(0, MOST_ATTRIBUTES);
  return Object.fromEntries(some.map(([name, attribute]) => [name, clipped(attributeText(attribute))]));
}

function attributeText({ type, value }: Attribute): string {
  if (type === 'floats' || type === 'ints' || type === 'strings') return value.slice(0, LONGEST_ATTRIBUTE).map(plain).join(', ');
  return type === 'float' || type === 'int' || type === 'string' || type === 'ref' ? plain(value) : type;
}

function plain(value: number | bigint | string | Uint8Array): string {
  return value instanceof Uint8Array ? new TextDecoder().decode(value.subarray(0, LONGEST_ATTRIBUTE)) : String(value);
}

function clipped(text: string): string {
  return text.length <= LONGEST_ATTRIBUTE ? text : `${text.slice(0, LONGEST_ATTRIBUTE)}…`;
}
