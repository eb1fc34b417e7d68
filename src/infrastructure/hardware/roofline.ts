import type { DeviceProfile } from './devices.js';
import type { Footprint } from './footprint.js';
import type { LayerCost } from './layers.js';
import { memoryRoom, type Room, storageRoom } from './room.js';

/** Where the time of a layer goes on a device. */
export interface LayerEstimate {
  readonly node: string;
  readonly op: string;
  readonly milliseconds: number;
  /** Which roof it is under. */
  readonly bound: 'compute' | 'memory';
}

/** An estimate from a device's peak numbers: good for ranking and for what fits, no substitute for a measurement. */
export interface LatencyEstimate {
  readonly estimate: true;
  readonly device: string;
  readonly milliseconds: number;
  readonly layers: readonly LayerEstimate[];
  /** Whether activations (and weights, where they are in memory) fit into memory, and the file into storage; with what each needs, in bytes. */
  readonly memory: Room;
  readonly storage: Room;
}

/**
 * The roofline model (Williams, Waterman and Patterson, CACM 2009), layer by layer: a layer takes the longer of its arithmetic at the device's
 * sustained speed and its bytes at the device's bandwidth, plus a constant. Layers that the footprint could not count (its `gaps`) are
 * taken as far as they are known, so that the estimate is then too low.
 */
export function estimateLatency(footprint: Footprint, device: DeviceProfile): LatencyEstimate {
  const layers = footprint.layers.filter((layer) => !layer.alternative).map((layer) => estimateLayer(layer, device));
  return {
    estimate: true,
    device: device.name,
    milliseconds: layers.reduce((sum, layer) => sum + layer.milliseconds, 0),
    layers,
    memory: memoryRoom(footprint, device.memoryBytes, device.weightsInStorage),
    storage: storageRoom(footprint, device.storageBytes),
  };
}

function estimateLayer(layer: LayerCost, device: DeviceProfile): LayerEstimate {
  const { macsPerSecond, activationBytesPerSecond, weightBytesPerSecond, secondsPerLayer } = device;
  const speed = (layer.arithmetic && macsPerSecond[layer.arithmetic]) ?? macsPerSecond.float32;
  const compute = (layer.macs ?? 0) / speed;
  const memory = layer.traffic / activationBytesPerSecond + layer.weightBytes / weightBytesPerSecond;
  return {
    node: layer.node,
    op: layer.op,
    milliseconds: 1000 * (Math.max(compute, memory) + secondsPerLayer),
    bound: compute >= memory ? 'compute' : 'memory',
  };
}
