import { constantFloat, copyModel, type Graph, type Model, Tensor } from '../../../onnx/index.js';
import { inferShapes, typedBuilder } from '../../../ops/index.js';
import type { ChannelStatistics } from '../calibration/channel-statistics.js';
import { type ChannelConstant, forEachElement, largestOfChannels, scaleConstant } from './constants.js';
import { rowsOf } from './rows.js';
import { layerSites, normalizationSites, type Site } from './sites.js';

/** Which scales are moved: between layers ('equalize'), or out of normalizations and activations into the layers that read them ('smooth'). */
export type Migration = 'equalize' | 'smooth';

/** The same, or both where that takes no new node ('even'). */
export type AnyMigration = Migration | 'even';

/** Largest factor and its inverse. */
const MOST = 2 ** 20;

/** What is measured before the factors are chosen: the axis of the channels of each value, by name. Empty where there is nothing to move. */
export function measuredAxes({ graph }: Model, kind: AnyMigration): Map<string, number> {
  return new Map(sitesOf(graph, kind).map((site) => [firstClipped(site).value.name, firstClipped(site).axis]));
}

/**
 * A copy of a prepared model, the same function, in which the channels of activations differ less in size: each is divided by a power of two, so that no
 * float is rounded, and what reads it multiplied.
 * @param statistics what was measured of the activations; without, the model's own constants tell how large they are: weights and biases of the layers that make
 * them, gains and shifts of normalizations.
 * @returns undefined where channels are alike already.
 */
export function migrate(
  source: Model,
  kind: AnyMigration,
  statistics: ReadonlyMap<string, ChannelStatistics> | undefined,
  perChannel: boolean,
): Migrated | undefined {
  const model = copyModel(source);
  const { graph } = model;
  let moved = 0;
  for (const site of sitesOf(graph, kind)) {
    const largest = statistics ? statistics.get(firstClipped(site).value.name)?.largest : largestOfMakers(graph, site);
    const factors = largest && factorsOf(graph, site, largest, perChannel);
    if (!factors) continue;
    apply(model, site, factors);
    moved++;
  }
  if (moved === 0) return undefined;
  graph.sort();
  inferShapes(model);
  return { model, places: moved };
}

export interface Migrated {
  model: Model;
  /** Activations whose channels were divided. */
  places: number;
}

function sitesOf(graph: Graph, kind: AnyMigration): Site[] {
  if (kind === 'even') return [...layerSites(graph), ...normalizationSites(graph, false)];
  return kind === 'equalize' ? layerSites(graph) : normalizationSites(graph, true);
}

/** How large each channel is by what makes it: a layer's output grows with its weights and bias, and a normalization's with its gain and shift. */
function largestOfMakers(graph: Graph, { makers, channels }: Site): Float32Array | undefined {
  if (makers.length === 0) return undefined;
  const each = makers.map((maker) => largestOfChannels(constantFloat(graph, maker.node.inputs[maker.input]) as Tensor, maker, channels));
  return each.reduce((most, sizes) => most.map((size, channel) => Math.max(size, sizes[channel])));
}

/** The value whose range is that of its integers: behind the activation that follows the layer, where one does. */
function firstClipped({ values }: Site) {
  const [first, second] = values;
  return second?.value.producer?.op.includes('elu') ? second : first;
}

/** Channels must differ by so much that a new multiplication pays, between the largest and the middle one. */
const PRODUCT_PAYS = 8;

/**
 * s = sqrt(activation / weight) for each channel (SmoothQuant's alpha 0.5; with the layer's own weights for the activation it is Nagel's formula), relative to
 * the middle one. Depthwise weights have a scale for each channel, so that all of the activation's goes into them.
 */
function factorsOf(graph: Graph, site: Site, largest: Float32Array, perChannel: boolean): Float32Array | undefined {
  const { channels, readers, makers, kind } = site;
  const own = makers[0] && kind === 'layer' && !perChannel ? constantFloat(graph, makers[0].node.inputs[makers[0].input]) : undefined;
  const size = own ? largestOfChannels(own, makers[0], channels) : largest;
  const shared = readers.filter(({ groups = 1 }) => groups < channels || !perChannel);
  const weights = new Float32Array(channels);
  for (const reader of shared)
    relativeColumns(graph, reader, channels, perChannel).forEach((value, c) => {
      weights[c] = Math.max(weights[c], value);
    });
  const alive = [...size.keys()].filter((c) => size[c] > 0 && (shared.length === 0 || weights[c] > 0));
  if (kind === 'product' && !(Math.max(...size) > PRODUCT_PAYS * middle(alive.map((c) => size[c])))) return undefined;
  const logs = new Map(alive.map((c) => [c, shared.length === 0 ? Math.log2(size[c]) : (Math.log2(size[c]) - Math.log2(weights[c])) / 2]));
  const centre = middle([...logs.values()]);
  const factors = Float32Array.from({ length: channels }, (_, c) => {
    const log = logs.get(c);
    return log === undefined ? 1 : Math.min(MOST, Math.max(1 / MOST, 2 ** Math.round(log - centre)));
  });
  return factors.some((factor) => factor !== 1) ? factors : undefined;
}

/** The largest weight of each channel: relative to the largest of its own output channel, whose scale it shares, where those have scales of their own. */
function relativeColumns(graph: Graph, reader: ChannelConstant, channels: number, perChannel: boolean): Float32Array {
  const tensor = constantFloat(graph, reader.node.inputs[reader.input]) as Tensor;
  if (!perChannel) return largestOfChannels(tensor, reader, channels);
  const values = tensor.toFloat32();
  const { count, rowOf } = rowsOf(tensor, reader);
  const rows = new Float32Array(count);
  forEachElement(tensor, reader, (index, _, outer) => {
    const row = rowOf(index, outer);
    rows[row] = Math.max(rows[row], Math.abs(values[index]));
  });
  const largest = new Float32Array(channels);
  forEachElement(tensor, reader, (index, channel, outer) => {
    const share = Math.abs(values[index]) / (rows[rowOf(index, outer)] || 1);
    if (share > largest[channel]) largest[channel] = share;
  });
  return largest;
}

function middle(values: readonly number[]): number {
  return values.slice().sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function apply(model: Model, site: Site, factors: Float32Array): void {
  const { graph } = model;
  const inverse = factors.map((factor) => 1 / factor);
  for (const constant of [...site.makers, ...site.shifts]) scaleConstant(graph, constant, inverse);
  for (const reader of site.readers) scaleConstant(graph, reader, factors);
  if (site.kind !== 'product') return;
  const [{ value }] = site.values;
  const product = typedBuilder(graph, model.opsets).op('Mul', [
    value,
    graph.addInitializer(graph.freshName(`${value.name}_smoothing`), Tensor.of('float32', [factors.length], inverse)),
  ]);
  for (const { node } of site.readers) node.setInput(0, product);
  const made = product.producer;
  if (made) made.name ||= product.name;
}
