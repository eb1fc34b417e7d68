import { footprint } from '../../infrastructure/hardware/index.js';
import type { Model } from '../../onnx/index.js';
import type { FootprintInfo, LayerInfo } from '../results/info.js';

/** Shapes of a model's inputs, by name. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

export function footprintInfo(model: Model, bytes: number, shapes: Shapes): FootprintInfo {
  const counted = footprint(model, { bytes, inputShapes: shapes });
  return {
    bytes,
    parameters: counted.parameters,
    weightBytes: counted.weightBytes,
    macs: counted.gaps.length === 0 || counted.macs > 0 ? counted.macs : undefined,
    activationBytes: counted.memory.total,
    energyMicrojoules: counted.energy.total,
  };
}

/** The cost of each layer, for reports. */
export function layerInfos(model: Model, shapes: Shapes): LayerInfo[] {
  return footprint(model, { bytes: 0, inputShapes: shapes }).layers.map((layer) => ({
    name: layer.node,
    op: layer.op,
    output: layer.outputs[0]?.map((dim) => (typeof dim === 'number' ? dim : -1)) ?? [],
    parameters: layer.parameters,
    macs: layer.macs ?? 0,
    weightBytes: layer.weightBytes,
    activationBytes: layer.activationBytes,
  }));
}
