import { bitsOf, type DataType } from '../../onnx/index.js';

/**
 * Energy of arithmetic and of moving data in a 45 nm process at 0.9 V, in picojoules: M. Horowitz, "Computing's energy problem (and what we
 * can do about it)", ISSCC 2014, figure 1.1.9. A multiply-accumulate is one multiplication and one addition in the accumulator's type.
 */
export const horowitz45nm = {
  /** fp32: 3.7 + 0.9; fp16: 1.1 + 0.4; int8: 0.2 + 0.1 (accumulated in int32); int32: 3.1 + 0.1. */
  perMac: { float32: 4.6, float16: 1.5, int8: 0.3, int32: 3.2 },
  /** 1 MB of SRAM: 100 pJ for 64 bits. */
  perSramByte: 12.5,
  /** The lower of 1.3–2.6 nJ for 64 bits. */
  perDramByte: 162.5,
} as const;

/** Types in which the table has a multiply-accumulate. */
export type ArithmeticType = keyof typeof horowitz45nm.perMac;

/**
 * The table's type for multiplications of a stored element type: the narrowest one that holds it, so that bfloat16 costs as float16 and int4 as
 * int8. Undefined for those wider than the table, which are not guessed.
 */
export function arithmeticType(dtype: DataType): ArithmeticType | undefined {
  const bits = bitsOf(dtype);
  if (/^float|^bfloat/.test(dtype)) return bits <= 16 ? 'float16' : bits === 32 ? 'float32' : undefined;
  if (!/^u?int/.test(dtype)) return undefined;
  return bits <= 8 ? 'int8' : bits <= 32 ? 'int32' : undefined;
}

/** What one inference costs in energy. An estimate from a published table of one process: good for comparing models, not for a battery's life. */
export interface EnergyEstimate {
  readonly estimate: true;
  /** Microjoules of multiply-accumulates, of reading the weights once from DRAM, of activations read and written, and their sum. */
  readonly arithmetic: number;
  readonly weights: number;
  readonly activations: number;
  readonly total: number;
  /** Multiply-accumulates in types that the table does not have; their energy is not in the sum. */
  readonly uncountedMacs: number;
  readonly source: string;
}

/** What the estimate needs to know of a layer. */
export interface EnergyLoad {
  readonly macs: number;
  readonly arithmetic?: ArithmeticType;
  readonly weightBytes: number;
  /** Activations read and written, in bytes. */
  readonly traffic: number;
}

/**
 * Weights come from DRAM once per inference. A layer whose activations fit into `sramBytes` moves them through SRAM, another through DRAM.
 */
export function estimateEnergy(layers: readonly EnergyLoad[], sramBytes: number): EnergyEstimate {
  const { perMac, perSramByte, perDramByte } = horowitz45nm;
  let [arithmetic, weights, activations, uncountedMacs] = [0, 0, 0, 0];
  for (const layer of layers) {
    if (layer.arithmetic) arithmetic += layer.macs * perMac[layer.arithmetic];
    else uncountedMacs += layer.macs;
    weights += layer.weightBytes * perDramByte;
    activations += layer.traffic * (layer.traffic <= sramBytes ? perSramByte : perDramByte);
  }
  const micro = (picojoules: number) => picojoules / 1e6;
  return {
    estimate: true,
    arithmetic: micro(arithmetic),
    weights: micro(weights),
    activations: micro(activations),
    total: micro(arithmetic + weights + activations),
    uncountedMacs,
    source: 'Horowitz, ISSCC 2014 (45 nm, 0.9 V)',
  };
}
