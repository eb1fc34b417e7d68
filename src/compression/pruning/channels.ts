import { addTo, OptionError, UnsupportedError } from '../../base/index.js';
import type { Bindings, Model } from '../../onnx/index.js';
import type { Barrier } from './barrier.js';
import { Cost, type CostKind } from './cost.js';
import { type Dependencies, findDependencies } from './dependencies.js';
import type { Axis } from './elements.js';
import type { Importance } from './importance.js';
import { channelsOf, findLayers, type Layer, type Structure } from './layers.js';
import { magnitudeImportance } from './magnitude.js';
import { describeKept, findKept } from './obstacles.js';
import { restoreOpenShapes, staticCopy } from './prepare.js';
import { selectGroups } from './select.js';
import { removeGroups } from './shrink.js';

export interface ChannelOptions {
  /** Fraction of the cost that is kept, in (0, 1). */
  keep: number;
  /** What the fraction is of. Default multiply-accumulates. */
  of?: CostKind;
  /** What may be removed. Without heads, attentions lose a part of each head instead. Default: channels and heads. */
  structure?: readonly Structure[];
  /** Fewest channels that a layer keeps. Default 4. */
  minChannels?: number;
  /** Largest fraction of a layer that goes, in (0, 1]. Default 0.9. */
  maxLayerFraction?: number;
  /**
   * Layers come in multiples of so many channels. 'auto': 8 for layers of 64 channels or more and 4 from 16 on, for runtimes compute in
   * vectors of 4 to 16 numbers; 1 for narrower ones.
   */
  multipleOf?: number | 'auto';
  /** Names of nodes that keep the size of their outputs, and of constants that keep their shapes. Default: none. */
  exclude?: readonly string[];
  /** Sizes of symbolic dimensions of the inputs, for counting costs. Default: batch 1, others 64. */
  bindings?: Bindings;
  /** Scores of the groups. Default: by magnitude. */
  importance?: (model: Model, layers: readonly Layer[]) => Importance | Promise<Importance>;
  /** Sizes that limits are fractions of, by constant and axis, where the model was pruned before. See `PrunedChannels.sizes`. */
  sizes?: Sizes;
  /** Cost that `keep` is a fraction of. Default: the model's. */
  from?: number;
}

/** Sizes of axes, as "name/axis". */
export type Sizes = ReadonlyMap<string, number>;

export interface PrunedChannels {
  /** A smaller copy. Inputs and outputs are as they were. */
  model: Model;
  /** Cost before and after, in the unit of the cost. */
  before: number;
  after: number;
  /** Channels by layer, before and after; layers are named by their first constant. */
  layers: { name: string; kind: Structure; before: number; after: number }[];
  /** Sizes before anything was removed. */
  sizes: Sizes;
  /** Where nothing could be removed, and why: sentences. */
  remarks: string[];
  /** Last layers, and others that keep channels because the model's inputs and outputs do, or on request: sentences. */
  given: string[];
}

/** Removes the least important channels of a model, whatever its architecture, until the cost has come down to a fraction.
 * @throws UnsupportedError where nothing can be removed, saying why.
 */
export async function pruneModel(source: Model, options: ChannelOptions): Promise<PrunedChannels> {
  const { keep, of = 'macs', exclude, importance = magnitudeImportance, minChannels = 4, maxLayerFraction = 0.9 } = options;
  const { structure = ['channels', 'heads'] } = options;
  if (!(keep > 0 && keep < 1)) throw new OptionError({ what: 'Not a fraction to keep', expected: 'a number in (0, 1)', got: String(keep) });
  const model = staticCopy(source, options.bindings);
  const dependencies = findDependencies(model, { exclude, heads: structure.includes('heads') });
  const layers = findLayers(dependencies).filter(({ kind }) => structure.includes(kind));
  const cost = new Cost(dependencies, of);
  const before = cost.total;
  const kept = findKept(dependencies);
  const remarks = [...remarksOn(dependencies.barriers), ...describeKept(kept.filter(({ isGiven }) => !isGiven))];
  const given = describeKept(kept.filter(({ isGiven }) => isGiven));
  if (layers.length === 0) throw nothingToPrune(source, [...remarks, ...given]);
  const sizes = options.sizes ?? sizesOf(dependencies);
  const whole = options.from ?? before;
  const measured = await importance(model, layers);
  if (measured.remark) remarks.push(measured.remark);
  const removed = selectGroups(layers, measured, cost, {
    target: keep * whole,
    tolerance: 0.01 * whole,
    multipleFor: multipleFor(options.multipleOf ?? 'auto'),
    floorOf: (axis) => floorOf(axis, sizes, dependencies.elements.isHeads(axis) ? 1 : minChannels, maxLayerFraction),
  });
  if (removed.length === 0 && options.from === undefined) {
    throw nothingToPrune(source, [
      ...remarks,
      'Limits (minChannels, maxLayerFraction, multipleOf) or the fraction to keep leave no piece that is small enough.',
    ]);
  }
  const gone = new Set(removed);
  measured.compensate?.(gone);
  removeGroups(model, dependencies, removed);
  restoreOpenShapes(model, source);
  return {
    model,
    before,
    after: cost.total,
    layers: layers.map(({ name, kind, groups, losses }) => {
      const each = kind === 'heads' ? 1 : channelsOf({ losses });
      return { name, kind, before: groups.length * each, after: groups.filter((group) => !gone.has(group)).length * each };
    }),
    sizes,
    remarks,
    given,
  };
}

function multipleFor(multipleOf: number | 'auto'): (channels: number) => number {
  if (multipleOf !== 'auto') return () => multipleOf;
  return (channels) => (channels >= 64 ? 8 : channels >= 16 ? 4 : 1);
}

function keyOf({ value, axis }: Axis): string {
  return `${value.name}/${axis}`;
}

function sizesOf({ elements }: Dependencies): Sizes {
  return new Map(elements.axes.map((axis) => [keyOf(axis), axis.size]));
}

function floorOf(axis: Axis, sizes: Sizes, minChannels: number, maxLayerFraction: number): number {
  const original = sizes.get(keyOf(axis)) ?? axis.size;
  return Math.max(1, Math.min(original, minChannels), Math.ceil(original * (1 - maxLayerFraction)));
}

/** One sentence for each reason, with the nodes that it holds for. */
function remarksOn(barriers: readonly Barrier[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { node, reason } of barriers) {
    const key = `${node.domain ? `${node.domain}.` : ''}${node.op}: ${reason}`;
    addTo(reasons, key, node.label);
  }
  return [...reasons].map(
    ([reason, labels]) =>
      `Nothing was removed next to ${labels.slice(0, 3).join(', ')}${labels.length > 3 ? ` and ${labels.length - 3} more` : ''} (${reason}).`,
  );
}

function nothingToPrune(source: Model, remarks: readonly string[]): UnsupportedError {
  return new UnsupportedError({
    what: `There is no channel that could be removed without changing the model's inputs or outputs${remarks.length > 0 ? `. ${remarks.join(' ')}` : ''}`,
    where: source.source,
  });
}
