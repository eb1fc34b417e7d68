import { Tensor } from '../../../onnx/index.js';
import { convolutionWindows, paddingOf } from '../../../ops/index.js';
import { PADDINGS } from '../types.js';
import type { WriteContext } from '../writing/context.js';

/** Pads of SAME: the result has a size for each stride, and what is left over goes to the end. Begins, then ends. */
export function samePads(
  sizes: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): number[] {
  const all = sizes.map((size, axis) => {
    const span = (kernel[axis] - 1) * dilations[axis] + 1;
    return Math.max((Math.ceil(size / strides[axis]) - 1) * strides[axis] + span - size, 0);
  });
  return [...all.map((pad) => Math.floor(pad / 2)), ...all.map((pad) => pad - Math.floor(pad / 2))];
}

interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** What stands in the border: zeros, what is never the largest, or nothing that counts (which only SAME and VALID say). */
  readonly value: 'zero' | 'lowest' | 'none';
}

/** The data of a node that slides over it, as an image with channels last; where its pads are those of no rule, a border is put around it first. */
export function writePadded(w: WriteContext, { kernel, strides, dilations, value }: Windows): { input: number; padding: number } {
  const rank = w.rank(0);
  const sizes = rank === 3 ? [1, w.shape(0)[2]] : w.shape(0).slice(2);
  const own = padsOf(w, kernel.slice(4 - rank), sizes.slice(4 - rank));
  const pads = rank === 3 ? [0, own[0], 0, own[1]] : own;
  const input = imageOf(w);
  const isValid = pads.every((pad) => pad === 0);
  const isSame = samePads(sizes, kernel, strides, dilations).every((pad, i) => pad === pads[i]);
  if (isValid || isSame) return { input, padding: PADDINGS.indexOf(isValid ? 'VALID' : 'SAME') };
  if (value === 'none') w.refuse(`its pads [${pads}] are neither none nor those of SAME`);
  const tensor = w.writer.parts.tensors[input];
  const wide = (shape: readonly number[]) => [shape[0], ...[0, 1].map((axis) => shape[1 + axis] + pads[axis] + pads[axis + 2]), shape[3]];
  const border = w.list([0, 0, pads[0], pads[2], pads[1], pads[3], 0, 0], 'pads', [4, 2]);
  const facts = w.between(
    `${w.value(0).name}_padded`,
    wide(tensor.shape),
    [tensor.signature[0], ...wide(tensor.shape).slice(1)],
    w.isInteger ? w.grid(0) : undefined,
  );
  const padded =
    value === 'zero'
      ? w.writer.operator('PAD', [input, border], facts, { name: 'PadOptions', values: {} })
      : w.writer.operator('PADV2', [input, border, lowest(w)], facts, { name: 'PadV2Options', values: {} });
  return { input: padded, padding: PADDINGS.indexOf('VALID') };
}

/** The lowest number of the data's type. */
function lowest(w: WriteContext): number {
  if (!w.isInteger) return w.writer.constant('lowest', Tensor.scalar('float32', -3.4028234663852886e38));
  const { dtype, scale, zeroPoint } = w.grid(0);
  return w.writer.constant('lowest', Tensor.scalar(dtype, dtype === 'int8' ? -128 : -32768), {
    scale: [scale],
    zeroPoint: [zeroPoint],
    axis: 0,
  });
}

/** The node's own pads, over an image: begins, then ends. */
function padsOf({ node }: WriteContext, kernel: readonly number[], sizes: readonly number[]): number[] {
  return beginsThenEnds(convolutionWindows(node, kernel).map((window, axis) => paddingOf(window, sizes[axis])));
}

/** Pads axis by axis, as ONNX lists them. */
export function beginsThenEnds(pads: readonly { head: number; tail: number }[]): number[] {
  return [...pads.map(({ head }) => head), ...pads.map(({ tail }) => tail)];
}

/** The data as an image with channels last: rows become images of height 1. */
function imageOf(w: WriteContext): number {
  const input = w.input(0, 'other');
  if (w.rank(0) === 4) return input;
  const tensor = w.writer.parts.tensors[input];
  const tall = (sizes: readonly number[]) => [sizes[0], 1, ...sizes.slice(1)];
  return w.writer.reshaped(
    input,
    w.between(`${tensor.name}_image`, tall(tensor.shape), tall(tensor.signature), w.isInteger ? w.grid(0) : undefined),
  );
}
