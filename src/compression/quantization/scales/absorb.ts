import { constantFloat, type Graph, type Node, staticShape, type Value } from '../../../onnx/index.js';
import { layerOf, traitsOf } from '../../../ops/index.js';
import type { ChannelConstant } from './constants.js';

/** A value whose channels lie along an axis; each takes `repeat` neighbouring indices of it. */
export interface Channels {
  readonly value: Value;
  readonly axis: number;
  readonly repeat: number;
}

/** What has to change where a value's channels are divided by factors, so that nothing else does. */
export interface Absorption {
  /** Weights of layers, to be multiplied: their rows or columns belong to the channels. */
  readonly readers: ChannelConstant[];
  /** Constants that are added on the way, to be divided. */
  readonly shifts: ChannelConstant[];
  /** The values on the way, the first among them first, that carry divided channels. */
  readonly values: Channels[];
}

/**
 * Follows a value to all that reads it: through what is homogeneous, through additions and multiplications of constants, to the layers whose constant
 * weights take the factors in. Undefined where something else reads it. Bounds such as those of Clip do not scale, and end the way.
 */
export function absorptionOf(graph: Graph, from: Channels): Absorption | undefined {
  const found: Absorption = { readers: [], shifts: [], values: [] };
  return follow(graph, from, found) && found.readers.length > 0 ? found : undefined;
}

function follow(graph: Graph, from: Channels, found: Absorption): boolean {
  const { value } = from;
  if (graph.outputs.includes(value) || graph.inputs.includes(value)) return false;
  found.values.push(from);
  return value.uses().every(({ node, index }) => {
    if (node.graph !== graph) return false;
    const reader = readerOf(graph, node, index, from);
    if (reader) {
      found.readers.push(reader);
      return true;
    }
    const next = passedOn(graph, node, index, from, found);
    return next !== undefined && follow(graph, next, found);
  });
}

/** The weight of a layer that sums over the channels. */
export function readerOf(graph: Graph, node: Node, index: number, { value, axis, repeat }: Channels): ChannelConstant | undefined {
  const layer = index === 0 ? layerOf(node) : undefined;
  const weight = layer && constantFloat(graph, node.inputs[layer.weight]);
  const rank = value.shape?.length;
  if (!weight || rank === undefined || layer.kind === 'spread' || layer.transposes || axis !== layer.channels(rank)) return undefined;
  const place = { node, input: layer.weight, axis: layer.inputs };
  if (layer.kind === 'kernel') return repeat === 1 ? { ...place, groups: layer.groups } : undefined;
  return weight.shape.length === 2 ? { ...place, repeat } : undefined;
}

/** What a node makes of channels that it hands on, each for itself. */
function passedOn(graph: Graph, node: Node, index: number, from: Channels, found: Absorption): Channels | undefined {
  const [output] = node.outputs;
  if (!output || node.outputs.slice(1).some((other) => other && (other.readers.size > 0 || graph.outputs.includes(other))))
    return undefined;
  const { axis, repeat, value } = from;
  const { homogeneous, permutes, reshapes, combines } = traitsOf(node);
  const rank = value.shape?.length;
  if (index === 0 && homogeneous) return { value: output, axis, repeat };
  if (index === 0 && permutes && rank !== undefined) {
    const to = permutes(node, rank).indexOf(axis);
    return to < 0 ? undefined : { value: output, axis: to, repeat };
  }
  if (index === 0 && reshapes) return flattened(output, from);
  const constant = constantFloat(graph, node.inputs[1 - index]);
  if (!constant || rank === undefined || constant.shape.length > rank || repeat !== 1) return undefined;
  if (combines === 'product' || (combines === 'quotient' && index === 0)) return { value: output, axis, repeat };
  if (combines !== 'sum') return undefined;
  const along = axis - (rank - constant.shape.length);
  if (along < 0 || constant.shape[along] !== value.shape?.[axis]) return undefined;
  found.shifts.push({ node, input: 1 - index, axis: along });
  return { value: output, axis, repeat };
}

/** [N, C, …] as [N, C · …]: a channel then takes neighbouring indices. */
function flattened(output: Value, { value, axis, repeat }: Channels): Channels | undefined {
  const shape = staticShape(value.shape?.slice(1));
  const made = staticShape(output.shape?.slice(1));
  if (!shape || made?.length !== 1 || axis !== 1) return undefined;
  const inner = shape.slice(1).reduce((product, dim) => product * dim, 1);
  return made[0] === shape[0] * inner ? { value: output, axis: 1, repeat: repeat * inner } : undefined;
}
