import type { LayerCost } from '../layers.js';
import { boundOf, type HardwareModel, isFree, type LayerEstimation } from '../model.js';
import type { RooflineProfile } from './schema.js';

/**
 * The roofline model (Williams, Waterman and Patterson, CACM 2009), layer by layer: a layer takes the longer of its arithmetic at the device's
 * sustained speed and its bytes at the device's bandwidth, plus a constant. It ranks models and finds what does not fit.
 */
export function rooflineModel(profile: RooflineProfile): HardwareModel {
  const { kind, name, title, source, watts, memoryBytes, storageBytes, weightsInStorage } = profile;
  return {
    ...{ kind, name, title, source, weightsInStorage, fuses: 'activations' },
    ...(watts !== undefined && { watts }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(storageBytes !== undefined && { storageBytes }),
    layer: (layer) => estimate(layer, profile),
  };
}

function estimate(layer: LayerCost, profile: RooflineProfile): LayerEstimation {
  const { macsPerSecond, memoryBytesPerSecond, weightBytesPerSecond = memoryBytesPerSecond, startSeconds, watts } = profile;
  if (isFree(layer)) return { seconds: 0, joules: 0, bound: 'start-up' };
  const { macs = 0, arithmetic, traffic, weightBytes } = layer;
  const compute = macs / ((arithmetic && macsPerSecond[arithmetic]) ?? macsPerSecond.float32);
  const memory = traffic / memoryBytesPerSecond + weightBytes / weightBytesPerSecond;
  const seconds = Math.max(compute, memory) + startSeconds;
  return {
    seconds,
    ...(watts !== undefined && { joules: seconds * watts }),
    bound: boundOf({ compute, memory, 'start-up': startSeconds }),
  };
}
