import { constantFloat, type Graph, type Node, type Value } from '../../../onnx/index.js';
import { type LayerForm, layerOf, traitsOf } from '../../../ops/index.js';
import { type Absorption, absorptionOf, type Channels, readerOf } from './absorb.js';
import type { ChannelConstant } from './constants.js';

/** A place where the scales of channels can move from what makes a value to what reads it. */
export interface Site extends Absorption {
  readonly channels: number;
  /** Constants of what makes the value, to be divided; none where the value itself is multiplied by a new constant. */
  readonly makers: readonly ChannelConstant[];
  /** What the makers belong to. */
  readonly kind: 'layer' | 'normalization' | 'product';
}

/** Pairs of layers with nothing between them that would not scale along (Nagel et al. 2019, arXiv 1906.04721, section 4.1). */
export function layerSites(graph: Graph): Site[] {
  return graph.nodes.flatMap((node) => {
    const [output] = node.outputs;
    const layer = layerOf(node);
    const axis = layer && output ? channelAxisOf(node, layer, output) : undefined;
    const weight = layer && constantFloat(graph, node.inputs[layer.weight]);
    if (!layer || axis === undefined || !output || !weight) return [];
    const along = layer.outputs;
    const bias = layer.bias === undefined ? undefined : node.inputs[layer.bias];
    const isFit = !bias || constantFloat(graph, bias)?.shape.length === 1;
    const makers = [{ node, input: layer.weight, axis: along }, ...(bias && layer.bias ? [{ node, input: layer.bias, axis: 0 }] : [])];
    // Factors would scale bias and product differently.
    return isFit && layer.factors[1] === 1 ? siteOf(graph, { value: output, axis, repeat: 1 }, weight.shape[along], makers, 'layer') : [];
  });
}

function channelAxisOf(node: Node, layer: LayerForm, output: Value): number | undefined {
  const rank = output.shape?.length;
  if (rank === undefined || layer.kind === 'spread') return undefined;
  return layer.kind === 'kernel' || node.inputs[layer.weight]?.shape?.length === 2 ? layer.channels(rank) : undefined;
}

/**
 * Normalizations, and products with a constant of one number for each channel, before matrix products and convolutions (Xiao et al. 2022, arXiv 2211.10438);
 * with `explicit` also matrix products before which nothing takes the factors in.
 */
export function normalizationSites(graph: Graph, explicit: boolean): Site[] {
  const absorbed = graph.nodes.flatMap((node) => normalizationSite(graph, node));
  if (!explicit) return absorbed;
  const covered = new Set([...absorbed, ...layerSites(graph)].flatMap(({ readers }) => readers.map(({ node }) => node)));
  const inputs = new Set(graph.nodes.filter((node) => !covered.has(node)).flatMap((node) => productInput(graph, node)));
  return [...absorbed, ...[...inputs].flatMap((value) => productSite(graph, value))];
}

function normalizationSite(graph: Graph, node: Node): Site[] {
  const [output] = node.outputs;
  const rank = output?.shape?.length;
  if (!output || rank === undefined) return [];
  const { normalization, combines } = traitsOf(node);
  const along = normalization?.axis(node, rank);
  if (normalization && along !== undefined && node.int('training_mode', 0) === 0) {
    const given = [normalization.scale, normalization.shift].filter((input) => node.inputs[input]);
    const sizes = given.map((input) => constantFloat(graph, node.inputs[input])?.shape);
    if (sizes.some((shape) => shape?.length !== 1)) return [];
    const makers = given.map((input) => ({ node, input, axis: 0 }));
    return siteOf(graph, { value: output, axis: along, repeat: 1 }, sizes[0]?.[0] ?? 0, makers, 'normalization');
  }
  if (combines !== 'product') return [];
  const side = constantFloat(graph, node.inputs[0]) ? 0 : 1;
  const factor = constantFloat(graph, node.inputs[side]);
  const axis = factor?.shape.indexOf(factor.size) ?? -1;
  if (!factor || factor.size < 2 || axis < 0 || factor.shape.length > rank) return [];
  const from = { value: output, axis: axis + rank - factor.shape.length, repeat: 1 };
  return siteOf(graph, from, factor.size, [{ node, input: side, axis }], 'normalization');
}

function siteOf(graph: Graph, from: Channels, channels: number, makers: readonly ChannelConstant[], kind: Site['kind']): Site[] {
  const absorption = absorptionOf(graph, from);
  return absorption && channels > 1 ? [{ ...absorption, channels, makers, kind }] : [];
}

function productInput(graph: Graph, node: Node): Value[] {
  const [value] = node.inputs;
  const layer = layerOf(node);
  const isProduct = layer?.kind === 'matrix' && constantFloat(graph, node.inputs[layer.weight]);
  return isProduct && value && value.dtype === 'float32' && !value.constant ? [value] : [];
}

/** Only the matrix products that read the value get it multiplied; all else reads it as it is. */
function productSite(graph: Graph, value: Value): Site[] {
  const rank = value.shape?.length ?? 0;
  const from = { value, axis: rank - 1, repeat: 1 };
  const readers = value.uses().flatMap(({ node, index }) => readerOf(graph, node, index, from) ?? []);
  const [first] = readers;
  const channels = first ? (constantFloat(graph, first.node.inputs[1])?.shape[first.axis] ?? 0) : 0;
  return readers.length > 0 && channels > 1 ? [{ readers, shifts: [], values: [from], channels, makers: [], kind: 'product' }] : [];
}
