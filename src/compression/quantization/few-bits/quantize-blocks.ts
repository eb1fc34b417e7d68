import type { Runtime } from '../../../infrastructure/runtime/index.js';
import type { Model } from '../../../onnx/index.js';
import { nothingToQuantize } from '../nothing.js';
import { type FewBits, type FewLayer, type Width, widthFrom } from './few-layers.js';
import type { BlockOptions } from './options.js';
import { prepareFewBits, writeFewBits } from './prepare-few.js';
import type { Rounding } from './roundings.js';

export interface BlockedLayer {
  node: string;
  bits: Width;
  rounding: Rounding;
  /** Mean square of the change of the weight over its own. */
  error: number;
}

export interface BlockResult {
  model: Model;
  layers: BlockedLayer[];
  /** Nodes whose weights stay or are rounded otherwise, and why: sentences. */
  remarks: string[];
}

/**
 * Stores weights in 4 or 2 bits, by blocks with a scale and a zero point each, and computes in floating point as before. Products become MatMulNBits
 * (com.microsoft), which ONNX Runtime computes from the packed weights; tables are looked up packed; weights of convolutions and recurrent layers are unpacked by
 * nodes that a runtime computes once, when it loads the model. Where fewer bits would not make the file smaller, more are taken.
 * @throws OptionError for a block size that no runtime has, or gptq without data; UnsupportedError where there is nothing to quantize.
 */
export async function quantizeBlocks(source: Model, runtime: Runtime, options: BlockOptions): Promise<BlockResult> {
  const few = await prepareFewBits(source, runtime, { ...options, widths: [options.bits] });
  if (few.layers.length === 0) throw nothingToQuantize(source);
  return { model: writeFewBits(few, () => options.bits), ...accountOf(few, () => options.bits) };
}

/** What was done to each layer, and what is to be said of it. */
export function accountOf(few: FewBits, wished: (layer: FewLayer) => Width): Pick<BlockResult, 'layers' | 'remarks'> {
  const layers = few.layers.map((layer) => {
    const width = widthFrom(layer, wished(layer));
    const { rounding, error } = layer.forms.get(width) ?? { rounding: 'nearest' as const, error: 0 };
    return { node: layer.site.node, bits: width, rounding, error };
  });
  return { layers, remarks: few.remarks.slice() };
}
