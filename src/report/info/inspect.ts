import { addTo } from '../../base/index.js';
import type { Footprint, LayerCost } from '../../infrastructure/hardware/index.js';
import { formatBytes, formatCount, formatEnergy, plural, significant } from './format.js';

export interface InspectLayer {
  name: string;
  op: string;
  /** Shape of the first output, e.g. "1×32×8×8"; "?" where it is not known. */
  output: string;
  parameters: number;
  weightBytes: number;
  /** Undefined where it cannot be counted. */
  macs?: number;
  activationBytes: number;
  dtype?: string;
  /** Of all multiply-accumulates and of all bytes of weights, in [0, 1]. */
  macsShare: number;
  weightShare: number;
  /** In a branch that does not count: another of the same node costs more. */
  alternative: boolean;
}

/** A part of the cost, and its shares in [0, 1]. */
export interface CostShare {
  name: string;
  layers: number;
  /** Of the layers that can be counted. */
  macs: number;
  /** Layers whose multiply-accumulates cannot be counted. */
  uncounted: number;
  macsShare: number;
  weightBytes: number;
  weightShare: number;
}

/** What a model costs and where, for people. */
export interface InspectInfo {
  bytes: number;
  parameters: number;
  weightBytes: number;
  /** Decision trees, and the branches and leaves of all of them. */
  trees?: { trees: number; nodes: number };
  /** Of the layers that can be counted. */
  macs: number;
  /** Layers whose multiply-accumulates cannot be counted. */
  uncounted: number;
  peakMemory: number;
  peakAt?: string;
  activationBytes: number;
  /** Operations per byte moved. */
  intensity: number;
  energyMicrojoules: number;
  energySource: string;
  /** Constants by element type, the most bytes first. */
  types: { dtype: string; count: number; bytes: number }[];
  /** The costliest first: by multiply-accumulates, then bytes of weights, then activations. */
  layers: InspectLayer[];
  /** The same by operator type. */
  operators: CostShare[];
  /** Sizes that were given to symbolic dimensions, e.g. "N = 1". */
  assumed: string[];
  /** What the totals leave out. */
  warnings: string[];
}

export function inspectInfo(footprint: Footprint): InspectInfo {
  const running = footprint.layers.filter((layer) => !layer.alternative);
  const totals = { macs: sum(running, (layer) => layer.macs ?? 0), weightBytes: sum(running, (layer) => layer.weightBytes) };
  const layers = footprint.layers.map((layer) => inspectLayer(layer, totals)).sort(costliest);
  return {
    bytes: footprint.bytes,
    parameters: footprint.parameters,
    weightBytes: footprint.weightBytes,
    ...(footprint.trees && { trees: footprint.trees }),
    macs: footprint.macs,
    uncounted: running.filter((layer) => layer.macs === undefined).length,
    peakMemory: footprint.memory.total,
    peakAt: footprint.memory.at,
    activationBytes: footprint.activationBytes,
    intensity: footprint.intensity,
    energyMicrojoules: footprint.energy.total,
    energySource: footprint.energy.source,
    types: Object.entries(footprint.constants)
      .map(([dtype, { count, bytes }]) => ({ dtype, count, bytes }))
      .sort((a, b) => b.bytes - a.bytes),
    layers,
    operators: byOperator(running, totals),
    assumed: Object.entries(footprint.bindings).map(([name, size]) => `${name} = ${size}`),
    warnings: footprint.gaps.map(({ node, reason }) => `${node}: ${reason}.`),
  };
}

/** The totals as pairs of label and text. */
export function inspectTotals(info: InspectInfo): [string, string][] {
  const types = info.types.map(({ dtype, bytes }) => `${dtype} ${formatBytes(bytes)}`).join(', ');
  return [
    ['file', formatBytes(info.bytes)],
    ['parameters', `${formatCount(info.parameters)} (${formatBytes(info.weightBytes)}${types ? `: ${types}` : ''})`],
    ...(info.trees
      ? [['trees', `${formatCount(info.trees.trees)}, with ${formatCount(info.trees.nodes)} nodes in all`] as [string, string]]
      : []),
    [
      'MACs',
      info.uncounted > 0
        ? `at least ${formatCount(info.macs)}; ${plural(info.uncounted, 'layer')} could not be counted`
        : formatCount(info.macs),
    ],
    ['peak memory', `${formatBytes(info.peakMemory)} of activations${info.peakAt ? `, at ${info.peakAt}` : ''}`],
    ['all activations', formatBytes(info.activationBytes)],
    ['intensity', `${significant(info.intensity)} operations per byte moved`],
    ['energy', `${formatEnergy(info.energyMicrojoules)} (estimate: ${info.energySource})`],
    ...(info.assumed.length > 0 ? [['assumed', info.assumed.join(', ')] as [string, string]] : []),
  ];
}

interface Totals {
  macs: number;
  weightBytes: number;
}

function inspectLayer(layer: LayerCost, totals: Totals): InspectLayer {
  const counted = !layer.alternative;
  return {
    name: layer.within === undefined ? layer.node : `${layer.within} / ${layer.node}`,
    op: layer.op,
    output: layer.outputs[0]?.join('×') || (layer.outputs[0] ? 'scalar' : '?'),
    parameters: layer.parameters,
    weightBytes: layer.weightBytes,
    macs: layer.macs,
    activationBytes: layer.activationBytes,
    dtype: layer.dtype,
    macsShare: counted ? share(layer.macs ?? 0, totals.macs) : 0,
    weightShare: counted ? share(layer.weightBytes, totals.weightBytes) : 0,
    alternative: layer.alternative === true,
  };
}

function byOperator(layers: readonly LayerCost[], totals: Totals): CostShare[] {
  const found = new Map<string, LayerCost[]>();
  for (const layer of layers) addTo(found, layer.op, layer);
  return [...found]
    .map(([name, group]) => {
      const macs = sum(group, (layer) => layer.macs ?? 0);
      const weightBytes = sum(group, (layer) => layer.weightBytes);
      const shares = { macsShare: share(macs, totals.macs), weightShare: share(weightBytes, totals.weightBytes) };
      const uncounted = group.filter((layer) => layer.macs === undefined).length;
      return { name, layers: group.length, macs, uncounted, weightBytes, ...shares };
    })
    .sort((a, b) => b.macs - a.macs || b.weightBytes - a.weightBytes || b.layers - a.layers || (a.name < b.name ? -1 : 1));
}

function costliest(a: InspectLayer, b: InspectLayer): number {
  return (b.macs ?? 0) - (a.macs ?? 0) || b.weightBytes - a.weightBytes || b.activationBytes - a.activationBytes;
}

function sum<T>(items: readonly T[], read: (item: T) => number): number {
  return items.reduce((total, item) => total + read(item), 0);
}

function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
