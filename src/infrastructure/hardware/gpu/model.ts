import type { LayerCost } from '../layers.js';
import { boundOf, type HardwareModel, isFree, type LayerEstimation } from '../model.js';
import type { GpuProfile } from './schema.js';
import { bestTiling } from './tiles.js';

/**
 * A graphics card: matrix products as tiles in waves over the multiprocessors, on tensor units where there are such; the bytes that a layer reads and
 * writes at the memory's bandwidth; and the launch of one kernel. A layer takes the longest of the three, since launches are queued ahead of time.
 */
export function gpuModel(profile: GpuProfile): HardwareModel {
  const { kind, name, title, source, watts, memoryBytes } = profile;
  return { kind, name, title, source, watts, memoryBytes, fuses: 'activations', layer: (layer) => estimate(layer, profile) };
}

function estimate(layer: LayerCost, profile: GpuProfile): LayerEstimation {
  if (isFree(layer)) return { seconds: 0, joules: 0, bound: 'start-up' };
  const { macs = 0, traffic, weightBytes } = layer;
  const { launchSeconds, memoryBytesPerSecond, memoryShare, watts } = profile;
  const compute = computeSeconds(layer, profile);
  const dramBytes = traffic + weightBytes;
  const memory = dramBytes / (memoryBytesPerSecond * memoryShare);
  const seconds = Math.max(compute, memory, launchSeconds);
  return {
    seconds,
    joules: seconds * watts,
    bound: boundOf({ compute, memory, 'start-up': launchSeconds }),
    utilisation: macs / (seconds * rateOf(layer, profile)),
    dramBytes,
  };
}

/** On tensor units in tiles; or, where tiles would be nearly empty (depthwise convolutions, products with a vector), on the cores, which fill with anything. */
function computeSeconds(layer: LayerCost, profile: GpuProfile): number {
  const { product, macs = 0 } = layer;
  const { computeShare, macsPerSecond, multiprocessors } = profile;
  const onCores = macs / (macsPerSecond.float32 * computeShare);
  if (!product) return onCores;
  const tiled = bestTiling(product, multiprocessors).macsOfOne / ((rateOf(layer, profile) / multiprocessors) * computeShare);
  return Math.min(tiled, onCores);
}

/** Peak rate of a layer's products. bfloat16 has that of float16; wide integers have that of float32. */
function rateOf({ arithmetic, product }: LayerCost, { macsPerSecond, float32As }: GpuProfile): number {
  if (arithmetic === 'int8' || arithmetic === 'float16') return macsPerSecond[arithmetic];
  return (product && float32As === 'tf32' ? macsPerSecond.tf32 : undefined) ?? macsPerSecond.float32;
}
