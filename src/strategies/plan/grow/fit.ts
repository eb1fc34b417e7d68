import type { Architecture, ArchitectureRequest } from '../../../architectures/index.js';
import { footprint } from '../../../infrastructure/hardware/index.js';
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

/**
 * The largest width of a family whose file with weights of the given type is no larger than `maxSize`, and its work no more than `maxMacs`; limits that
 * are not given, and those that only a measurement can tell, do not count. Undefined where even the narrowest is too large.
 */
export function widthThatFits(
  family: Architecture,
  request: Omit<ArchitectureRequest, 'width'>,
  { maxSize = Number.POSITIVE_INFINITY, maxMacs = Number.POSITIVE_INFINITY }: Limits,
  weights: WeightType = 'int8',
): number | undefined {
  const fits = (width: number) => {
    const model = family.build({ ...request, width });
    return estimateBytes(model, weights) <= maxSize && (maxMacs === Number.POSITIVE_INFINITY || footprint(model).macs <= maxMacs);
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
