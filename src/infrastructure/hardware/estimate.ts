import type { Footprint } from './footprint.js';
import type { Gap, LayerCost } from './layers.js';
import { type Bound, fading, type HardwareModel, type LayerEstimation } from './model.js';
import { memoryRoom, type Room, storageRoom } from './room.js';

/** A layer's estimate beside what it is. */
export interface EstimatedLayer extends LayerEstimation {
  readonly node: string;
  readonly op: string;
  /** Label of the node whose subgraph it is in. */
  readonly within?: string;
  /** Multiply-accumulates, where they are known. */
  readonly macs?: number;
  /** Computed together with the product before it: it costs nothing of its own. */
  readonly fused?: true;
}

/** What one run of a model costs on some hardware. Every number is an estimate: only a measurement tells. */
export interface HardwareEstimate {
  readonly estimate: true;
  readonly hardware: string;
  readonly title: string;
  readonly kind: string;
  readonly source: string;
  readonly milliseconds: number;
  /** Undefined where the energy of a layer is not known. */
  readonly millijoules?: number;
  /** Clock cycles, where the model counts them. */
  readonly cycles?: number;
  /** Milliseconds of the layers that each of the three bounds. */
  readonly bounds: Readonly<Record<Bound, number>>;
  readonly layers: readonly EstimatedLayer[];
  readonly memory?: Room;
  readonly storage?: Room;
  /** Layers whose cost could not be counted in full: the estimate leaves something out there. */
  readonly gaps: readonly Gap[];
}

/** Estimates one run of a model whose costs were counted. Of branches the costliest counts. */
export function estimateOn(footprint: Footprint, hardware: HardwareModel): HardwareEstimate {
  const layers: EstimatedLayer[] = [];
  let before = 0;
  for (const layer of footprint.layers.filter(({ alternative }) => !alternative)) {
    const each = estimated(layer, hardware, before);
    layers.push(each);
    if (!each.fused) before = fading(before, each.seconds);
  }
  const total = (of: (layer: EstimatedLayer) => number) => layers.reduce((sum, layer) => sum + of(layer), 0);
  const bounds = { compute: 0, memory: 0, 'start-up': 0 };
  for (const { bound, seconds } of layers) bounds[bound] += 1000 * seconds;
  const { memoryBytes, storageBytes, weightsInStorage = false } = hardware;
  const hasEnergy = layers.every(({ joules }) => joules !== undefined);
  const hasCycles = layers.some(({ cycles, seconds }) => cycles !== undefined && seconds > 0);
  return {
    estimate: true,
    hardware: hardware.name,
    title: hardware.title,
    kind: hardware.kind,
    source: hardware.source,
    milliseconds: 1000 * total(({ seconds }) => seconds),
    ...(hasEnergy && { millijoules: 1000 * total(({ joules = 0 }) => joules) }),
    ...(hasCycles && { cycles: total(({ cycles = 0 }) => cycles) }),
    bounds,
    layers,
    ...(memoryBytes !== undefined && { memory: memoryRoom(footprint, memoryBytes, weightsInStorage) }),
    ...(storageBytes !== undefined && { storage: storageRoom(footprint, storageBytes) }),
    gaps: footprint.gaps,
  };
}

function estimated(layer: LayerCost, hardware: HardwareModel, before: number): EstimatedLayer {
  const { node, op, within, macs } = layer;
  const named = { node, op, ...(within !== undefined && { within }), ...(macs !== undefined && { macs }) };
  if (layer.fusable && hardware.fuses === 'activations') return { ...named, seconds: 0, joules: 0, bound: 'compute', fused: true };
  return { ...named, ...hardware.layer(layer, before) };
}
