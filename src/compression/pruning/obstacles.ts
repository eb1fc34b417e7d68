import { addTo } from '../../base/index.js';
import type { Graph, Node } from '../../onnx/index.js';
import { ruleOf } from '../../ops/index.js';
import type { Dependencies } from './dependencies.js';
import type { Axis, Obstacle } from './elements.js';

/** Channels that a layer keeps, and why. */
export interface Kept {
  /** The node that makes the channels. */
  readonly node: Node;
  readonly channels: number;
  /** All that it makes. */
  readonly of: number;
  readonly obstacle: Obstacle;
  /** Whether nothing else could be expected: its obstacle is given, or no layer with weights comes after it. */
  readonly isGiven: boolean;
}

/** The channels of layers with weights that cannot be removed, each with the first thing that stops it. */
export function findKept({ graph, elements, groups }: Dependencies): Kept[] {
  const inner = feedingLayers(graph);
  const free = new Set(groups.map(([{ axis, indices }]) => elements.rootOf(axis, indices[0])));
  return graph.nodes.flatMap((node) => {
    const axis = channelAxis(node, elements.axesOf.bind(elements));
    if (!axis || axis.size === 1) return [];
    const counts = new Map<string, { channels: number; obstacle: Obstacle }>();
    for (let index = 0; index < axis.size; index++) {
      const root = elements.rootOf(axis, index);
      if (free.has(root)) continue;
      const obstacle = elements.obstacleOf(root) ?? { reason: 'none of them can go without all others' };
      const entry = counts.get(obstacle.reason) ?? { channels: 0, obstacle };
      entry.channels++;
      counts.set(obstacle.reason, entry);
    }
    const isLast = !inner.has(node);
    return [...counts.values()].map(({ channels, obstacle }) => ({
      node,
      channels,
      of: axis.size,
      obstacle,
      isGiven: isLast || obstacle.isGiven === true,
    }));
  });
}

/** Nodes that some layer with weights comes after. */
function feedingLayers(graph: Graph): Set<Node> {
  const found = new Set<Node>();
  const waiting = graph.nodes.filter((node) => ruleOf(node)?.quantization.kind === 'weighted');
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    for (const input of node.inputs) {
      if (!input?.producer || found.has(input.producer)) continue;
      found.add(input.producer);
      waiting.push(input.producer);
    }
  }
  return found;
}

/** The axis of a node's weight that holds its outputs. */
function channelAxis(node: Node, axesOf: (value: Axis['value']) => readonly Axis[]): Axis | undefined {
  const quantization = ruleOf(node)?.quantization;
  if (quantization?.kind !== 'weighted') return undefined;
  const weight = node.inputs[quantization.weight];
  return weight?.constant ? axesOf(weight)[quantization.axis(node)] : undefined;
}

/** One sentence for each obstacle: `conv3: its 24 channels stay, because Reshape "r7" mixes them`. */
export function describeKept(kept: readonly Kept[]): string[] {
  const byReason = new Map<string, Kept[]>();
  for (const each of kept) addTo(byReason, each.obstacle.reason, each);
  return [...byReason].map(([reason, members]) => {
    const names = members.map(({ node }) => node.name || node.outputs[0]?.name || node.op);
    const some = `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;
    const [{ channels, of }] = members;
    const all = members.every((each) => each.channels === channels && each.of === of);
    const count = !all ? '' : channels === of ? `${of} ` : `${channels} of ${of} `;
    return `${some}: ${names.length > 1 ? 'their' : 'its'} ${count}channels stay, because ${reason}.`;
  });
}
