import { lookup } from '../../../base/index.js';
import type { LayerCost } from '../layers.js';
import { boundOf, type HardwareModel, type LayerEstimation } from '../model.js';
import { classesOf, features, featuresOf } from './classes.js';
import type { CpuProfile } from './schema.js';

/** Of what a layer's time is linear in, that which is arithmetic, and that which is moving data; what is left is start-up. */
const BOUND = {
  starts: 'start-up',
  macs: 'compute',
  gathered: 'memory',
  weightBytes: 'memory',
  readBytes: 'memory',
  writtenBytes: 'memory',
  elements: 'compute',
  pieces: 'compute',
} as const;

/** A processor: each kernel's time is linear in what it computes and moves, with coefficients that were measured there. */
export function cpuModel(profile: CpuProfile): HardwareModel {
  const { kind, name, title, source, watts, memoryBytes } = profile;
  return {
    ...{ kind, name, title, source, fuses: 'activations' },
    ...(watts !== undefined && { watts }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    layer: (layer, before) => estimate(layer, before, profile),
  };
}

function estimate(layer: LayerCost, before: number | undefined, { classes, other, watts }: CpuProfile): LayerEstimation {
  const known = classesOf(layer).find((name) => lookup(classes, name));
  const costs = known === undefined ? other : classes[known];
  const amounts = featuresOf(layer, before);
  const spent = { 'start-up': 0, compute: 0, memory: 0 };
  features.forEach((feature, index) => {
    spent[BOUND[feature]] += costs[feature] * amounts[index];
  });
  const seconds = spent.compute + spent.memory + spent['start-up'];
  return { seconds, ...(watts !== undefined && { joules: seconds * watts }), bound: boundOf(spent) };
}
