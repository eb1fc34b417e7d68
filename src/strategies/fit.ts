import type { Architecture, ArchitectureRequest } from '../architectures/index.js';
import { footprint } from '../infrastructure/hardware/index.js';
import type { Model } from '../onnx/index.js';
import type { Limits } from './info.js';

/** Widths that are looked at, relative to the family as published. */
const NARROWEST = 0.02;
const WIDEST = 16;
/** Factor from one width that is tried to the next. */
const STEP = 1.25;
/** Halvings of the last step: to a thousandth of a width. */
const HALVINGS = 8;

/** What a file of int8 weights holds besides: per output channel a scale, a bias and its scale; per node its own description, by short names. */
const BYTES_PER_CHANNEL = 14;
const BYTES_PER_NODE = 110;
/** A normalization that no convolution can take in is quantized as a layer of its own. */
const BYTES_PER_NORMALIZATION = 200;

/** About how large the file of an architecture is when it is quantized to int8 and minified, to some percent. */
export function estimateInt8Bytes({ graph }: Model): number {
  let bytes = BYTES_PER_NODE * graph.nodes.length;
  for (const { initializer } of graph.initializers)
    if (initializer && initializer.shape.length > 1) bytes += initializer.size + BYTES_PER_CHANNEL * initializer.shape[0];
  for (const { op, inputs } of graph.nodes) {
    if (op !== 'BatchNormalization' || inputs[0]?.producer?.op === 'Conv') continue;
    bytes += BYTES_PER_NORMALIZATION + BYTES_PER_CHANNEL * Number(inputs[1]?.shape?.[0] ?? 0);
  }
  return bytes;
}

/**
 * The largest width of a family whose int8 file is no larger than `maxSize`, and its work no more than `maxMacs`; limits that are not given, and
 * those that only a measurement can tell, do not count. Undefined where even the narrowest is too large.
 */
export function widthThatFits(
  family: Architecture,
  request: Omit<ArchitectureRequest, 'width'>,
  { maxSize = Number.POSITIVE_INFINITY, maxMacs = Number.POSITIVE_INFINITY }: Limits,
): number | undefined {
  const fits = (width: number) => {
    const model = family.build({ ...request, width });
    return estimateInt8Bytes(model) <= maxSize && (maxMacs === Number.POSITIVE_INFINITY || footprint(model).macs <= maxMacs);
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
  return Number(low.toPrecision(3));
}
