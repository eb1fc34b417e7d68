import { addTo } from '../../base/index.js';
import type { LayerInfo, RunInfo } from '../../strategies/index.js';

/** A layer before and after; one of the two is absent where it was added or removed. */
export interface LayerPair {
  name: string;
  op: string;
  before?: LayerInfo;
  after?: LayerInfo;
}

export type LayerMeasure = 'macs' | 'weightBytes' | 'parameters' | 'activationBytes';

/** Layers of two models matched by name: the second's in their order, then those of the first that are gone. */
export function pairLayers(before: readonly LayerInfo[], after: readonly LayerInfo[]): LayerPair[] {
  const waiting = new Map<string, LayerInfo[]>();
  for (const layer of before) addTo(waiting, layer.name, layer);
  const kept = after.map((layer): LayerPair => {
    const match = waiting.get(layer.name)?.shift();
    return { name: layer.name, op: layer.op, ...(match && { before: match }), after: layer };
  });
  const gone = [...waiting.values()].flat().map((layer): LayerPair => ({ name: layer.name, op: layer.op, before: layer }));
  return [...kept, ...gone];
}

export interface LayerBars {
  pairs: LayerPair[];
  /** The largest value of the measure, for the length of bars. */
  largest: number;
  /** Layers that are not listed, because they cost less, and their sums. */
  rest?: { layers: number; before: number; after: number };
}

/** The layers that cost most, before or after, in the order of `pairs`. Layers that cost nothing are never listed. */
export function layerBars(pairs: readonly LayerPair[], measure: LayerMeasure, most = 24): LayerBars {
  const cost = (pair: LayerPair) => Math.max(pair.before?.[measure] ?? 0, pair.after?.[measure] ?? 0);
  const costly = pairs.filter((pair) => cost(pair) > 0);
  const chosen = new Set([...costly].sort((a, b) => cost(b) - cost(a)).slice(0, most));
  const others = costly.filter((pair) => !chosen.has(pair));
  const sum = (side: 'before' | 'after') => others.reduce((total, pair) => total + (pair[side]?.[measure] ?? 0), 0);
  return {
    pairs: costly.filter((pair) => chosen.has(pair)),
    largest: costly.reduce((largest, pair) => Math.max(largest, cost(pair)), 0),
    ...(others.length > 0 && { rest: { layers: others.length, before: sum('before'), after: sum('after') } }),
  };
}

/** The layers that a run listed for a model; none where it did not. */
export function layersOf(info: RunInfo, id: string): readonly LayerInfo[] {
  return Object.hasOwn(info.layers, id) ? info.layers[id] : [];
}
