import type { MatrixProduct } from '../../../ops/index.js';
import type { LayerCost } from '../layers.js';
import { type HardwareModel, isFree, type LayerEstimation, outputElements } from '../model.js';
import { computeCycles, mapProduct } from './dataflow.js';
import type { SystolicProfile } from './schema.js';
import { dramTraffic, sramTraffic, type Traffic } from './traffic.js';

/**
 * A systolic array, in closed form: cycles and traffic of each matrix product by how it lies on the array; other operators pass a unit of `vectorLanes`.
 * A layer takes the longer of the array's cycles and its bytes at the memory's bandwidth, because one half of each buffer is filled while the other half is used.
 */
export function systolicModel(profile: SystolicProfile): HardwareModel {
  const { kind, name, title, source, memoryBytes } = profile;
  const layer = (cost: LayerCost) => (cost.product ? productEstimate(cost, cost.product, profile) : vectorEstimate(cost, profile));
  return { kind, name, title, source, fuses: 'activations', layer, ...(memoryBytes !== undefined && { memoryBytes }) };
}

function productEstimate({ macs = 0 }: LayerCost, product: MatrixProduct, profile: SystolicProfile): LayerEstimation {
  const { dataflow, bytesPerNumber, startCycles, inputBufferBytes, weightBufferBytes, outputBufferBytes } = profile;
  const mapping = mapProduct(product, profile, dataflow);
  const computing = computeCycles(product, mapping);
  const buffers = {
    inputs: inputBufferBytes / bytesPerNumber,
    weights: weightBufferBytes / bytesPerNumber,
    outputs: outputBufferBytes / bytesPerNumber,
  };
  const sramBytes = bytesPerNumber * total(sramTraffic(product, mapping, dataflow));
  const dramBytes = bytesPerNumber * total(dramTraffic(product, mapping, profile, dataflow, buffers));
  const filling = (mapping.fillCycles / mapping.foldCycles) * computing + startCycles;
  return timed(profile, { macs, cycles: computing + startCycles, filling, sramBytes, dramBytes });
}

/** An operator without products: every number of its data and result passes the unit beside the array once. */
function vectorEstimate(cost: LayerCost, profile: SystolicProfile): LayerEstimation {
  if (isFree(cost)) return { seconds: 0, cycles: 0, joules: 0, bound: 'start-up' };
  const { vectorLanes = profile.columns, startCycles } = profile;
  const { macs = 0, traffic, weightBytes } = cost;
  const cycles = startCycles + Math.ceil(Math.max(outputElements(cost), macs) / vectorLanes);
  const buffered = traffic <= profile.inputBufferBytes / 2;
  return timed(profile, { macs, cycles, filling: startCycles, sramBytes: traffic, dramBytes: weightBytes + (buffered ? 0 : traffic) });
}

interface Work {
  readonly macs: number;
  readonly cycles: number;
  /** Those of the cycles in which the array is filled or emptied. */
  readonly filling: number;
  readonly sramBytes: number;
  readonly dramBytes: number;
}

function timed(profile: SystolicProfile, { macs, cycles, filling, sramBytes, dramBytes }: Work): LayerEstimation {
  const { clockHertz, dramBytesPerSecond, picojoules, rows, columns } = profile;
  const memoryCycles = Math.ceil((dramBytes / dramBytesPerSecond) * clockHertz);
  const spent = Math.max(cycles, memoryCycles);
  return {
    seconds: spent / clockHertz,
    cycles: spent,
    joules: 1e-12 * (macs * picojoules.mac + sramBytes * picojoules.sramByte + dramBytes * picojoules.dramByte),
    bound: memoryCycles > cycles ? 'memory' : filling > cycles / 2 ? 'start-up' : 'compute',
    utilisation: spent > 0 ? macs / (spent * rows * columns) : 0,
    sramBytes,
    dramBytes,
  };
}

function total({ inputs, weights, outputs }: Traffic): number {
  return inputs + weights + outputs;
}
