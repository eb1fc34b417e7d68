import type { Architecture, ArchitectureRequest } from '../../../architectures/index.js';
import { estimateOn, footprint, type HardwareModel } from '../../../infrastructure/hardware/index.js';
import type { Model, Value } from '../../../onnx/index.js';
import type { Limits } from '../../results/info.js';

/** Widths that are looked at, relative to the family as published. */
const NARROWEST = 0.02;
const WIDEST = 16;
/** Factor from one width that is tried to the next. */
const STEP = 1.25;
/** Halvings of the last step: to a thousandth of a width. */
const HALVINGS = 8;

/** Types that weights are stored in, and the bytes that each takes. */
const WEIGHT_BYTES = { int8: 1, int4: 0.5 } as const;
export type WeightType = keyof typeof WEIGHT_BYTES;

/** What a file of quantized weights holds besides: per output channel a scale, a bias and its scale; per node its own description, by short names. */
const BYTES_PER_CHANNEL = 14;
const BYTES_PER_NODE = 110;
/** A normalization that no convolution can take in is quantized as a layer of its own. */
const BYTES_PER_NORMALIZATION = 200;

/** Graph, metadata, and what a second look at mirrored images adds. */
const BYTES_PER_FILE = 300;
/** A file that is a little smaller than it might be is of use, a file that is a little larger than allowed is none. */
const MARGIN = 1.03;

/** How large the file of an architecture is at most when it is quantized and minified; most are 3 to 10% smaller, those of many narrow layers up to 20%. */
function estimateBytes({ graph }: Model, weights: WeightType): number {
  let bytes = BYTES_PER_FILE + BYTES_PER_NODE * graph.nodes.length;
  for (const { initializer } of graph.initializers)
    if (initializer && initializer.shape.length > 1)
      bytes += WEIGHT_BYTES[weights] * initializer.size + BYTES_PER_CHANNEL * initializer.shape[0];
  for (const { op, inputs } of graph.nodes) {
    if (op !== 'BatchNormalization' || isFolded(inputs[0])) continue;
    bytes += BYTES_PER_NORMALIZATION + BYTES_PER_CHANNEL * Number(inputs[1]?.shape?.[0] ?? 0);
  }
  return bytes * MARGIN;
}

/** Whether a normalization of this value folds into a convolution, past a max-pool, too: scales begin at 1, and hardly any turns negative. */
function isFolded(value: Value | undefined): boolean {
  const { op, inputs } = value?.producer ?? {};
  return op === 'Conv' || (op === 'MaxPool' && inputs?.[0]?.producer?.op === 'Conv');
}

/** What is known of a model of quantized weights before it is trained. */
export interface Foreseen {
  /** Of its file: at most, see `estimateBytes`. */
  bytes: number;
  macs: number;
  /** Most bytes of activations that live at one time, as numbers of 4 bytes. */
  memory: number;
  /** On hardware that is not at hand, in float. */
  milliseconds?: number;
}

/** @param hardware that latency is estimated for. */
export function foresee(model: Model, weights: WeightType, hardware: HardwareModel | undefined): Foreseen {
  const counted = footprint(model);
  const { macs, memory } = counted;
  return {
    ...{ bytes: estimateBytes(model, weights), macs, memory: memory.total },
    ...(hardware && { milliseconds: estimateOn(counted, hardware).milliseconds }),
  };
}

/** Parts of what is foreseen that are there for certain: files are up to a fifth smaller; code computes in place, and with integers; hardware is up to four times as fast with them. */
const CERTAIN = { bytes: 0.75, memory: 1, ram: 0.5, milliseconds: 0.25 };
/** Bytes of an activation of code, of the four that are foreseen. */
const RAM = 0.25;

/** What of a limit is used, by limit; those that are not known beforehand are left out. @param parts of what is foreseen that count. Default: all of it. */
export function usedBy(
  { bytes, macs, memory, milliseconds }: Foreseen,
  { maxSize, maxMacs, maxMemory, maxRam, maxLatency }: Limits,
  parts: Readonly<Record<keyof typeof CERTAIN, number>> = { bytes: 1, memory: 1, ram: 1, milliseconds: 1 },
): number {
  const used = [
    maxSize && (parts.bytes * bytes) / maxSize,
    maxMacs && macs / maxMacs,
    maxMemory && (parts.memory * memory) / maxMemory,
    maxRam && (parts.ram * RAM * memory) / maxRam,
    maxLatency && milliseconds && (parts.milliseconds * milliseconds) / maxLatency,
  ];
  return Math.max(0, ...used.filter((share) => typeof share === 'number'));
}

/** Whether a model breaks a limit whatever comes of its training. @param keep the least that pruning and the like leave of it, as a share. */
export function breaksForCertain(foreseen: Foreseen, limits: Limits, keep = 1): boolean {
  const { bytes, macs, memory, milliseconds } = foreseen;
  const left = {
    bytes: bytes * keep,
    macs: macs * keep,
    memory: memory * keep,
    ...(milliseconds && { milliseconds: milliseconds * keep }),
  };
  // Multiply-accumulates are what pruning aims at, and a rounding to whole channels may miss.
  return usedBy({ ...left, macs: left.macs * (keep < 1 ? 0.9 : 1) }, limits, CERTAIN) > 1;
}

/**
 * The largest width of a family whose file with weights of the given type is within every limit that can be foreseen: size, work, memory, and latency on hardware that is
 * not at hand. Undefined where even the narrowest is too large.
 */
export function widthThatFits(
  family: Architecture,
  request: Omit<ArchitectureRequest, 'width'>,
  limits: Limits,
  weights: WeightType,
  hardware?: HardwareModel,
): number | undefined {
  const { maxSize = Number.POSITIVE_INFINITY, maxMacs, maxMemory, maxRam, maxLatency } = limits;
  // To count the work takes longer than to count the bytes.
  const isBySize = [maxMacs, maxMemory, maxRam, hardware && maxLatency].every((limit) => limit === undefined);
  const fits = (width: number) => {
    const model = family.build({ ...request, width, seed: null });
    return estimateBytes(model, weights) <= maxSize && (isBySize || usedBy(foresee(model, weights, hardware), limits) <= 1);
  };
  if (!fits(NARROWEST)) return undefined;
  // From below, so that nothing much larger than the limit is ever built.
  const wider = (width: number) => Math.min(WIDEST, width * STEP);
  let low = NARROWEST;
  while (low < WIDEST && fits(wider(low))) low = wider(low);
  let high = wider(low);
  for (let i = 0; i < HALVINGS; i++) {
    const middle = Math.sqrt(low * high);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  // Rounded up, a layer might have a channel more.
  const digits = 10 ** (2 - Math.floor(Math.log10(low)));
  return Math.floor(low * digits) / digits;
}
