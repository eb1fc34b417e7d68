import { type Node, staticShape, type Value } from '../../../onnx/index.js';
import { convolutionWindows, paddingOf, poolWindows, type Window } from '../../../ops/index.js';
import { kernelOf } from '../kernels/index.js';

/** Indices of an axis, from the first to before the last. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A part of an image: of its rows and of its columns. */
export type Region = readonly [rows: Span, columns: Span];

/** How a node computes a part of its output. */
export interface Part {
  /** The part of each input that it reads; undefined for inputs that it reads whole. */
  readonly reads: readonly (Region | undefined)[];
  /** Attributes that are other ones than those of the node. */
  readonly attributes: Readonly<Record<string, readonly number[] | string>>;
}

/** Axes of rows and columns in an image of [N, C, H, W]. */
export const SPATIAL = [2, 3] as const;

/** The shape of an image; undefined for other values. */
export function imageShape(value: Value | undefined): readonly number[] | undefined {
  const shape = value && staticShape(value.constant?.shape ?? value.shape);
  return shape?.length === 4 ? shape : undefined;
}

/** A whole image. */
export function wholeOf(shape: readonly number[]): Region {
  return [
    { from: 0, to: shape[2] },
    { from: 0, to: shape[3] },
  ];
}

/** The smallest region that holds two. */
export function hull(a: Region | undefined, b: Region): Region {
  const joined = (axis: 0 | 1): Span => ({
    from: Math.min(a?.[axis].from ?? b[axis].from, b[axis].from),
    to: Math.max(a?.[axis].to ?? b[axis].to, b[axis].to),
  });
  return [joined(0), joined(1)];
}

/** What a node reads for a region of its output; undefined where it is not computed from such parts: it needs all of an input, or several outputs. */
export function partOf(node: Node, region: Region): Part | undefined {
  const [output, ...others] = node.outputs;
  const shape = imageShape(output);
  if (!shape || node.domain !== '' || others.some((other) => other && other.users.length > 0)) return undefined;
  const windows = windowsOf(node);
  if (windows) return windowed(node, windows, region);
  return kernelOf(node)?.kind === 'elementwise' ? elementwise(node, shape, region) : undefined;
}

/** Windows along rows and columns, of what slides over an image. */
export function windowsOf(node: Node): readonly Window[] | undefined {
  if (node.op === 'Conv') {
    const weights = node.inputs[1]?.constant?.shape ?? staticShape(node.inputs[1]?.shape);
    return weights?.length === 4 ? convolutionWindows(node, weights.slice(2)) : undefined;
  }
  if (node.op !== 'MaxPool' && node.op !== 'AveragePool') return undefined;
  const windows = poolWindows(node);
  return windows.length === 2 && !windows.some(({ ceil }) => ceil) && node.int('storage_order', 0) === 0 ? windows : undefined;
}

function windowed(node: Node, windows: readonly Window[], region: Region): Part | undefined {
  const shape = imageShape(node.inputs[0]);
  if (!shape) return undefined;
  const axes = windows.map((window, axis) => {
    const size = shape[SPATIAL[axis]];
    const start = region[axis].from * window.stride - paddingOf(window, size).head;
    const end = (region[axis].to - 1) * window.stride - paddingOf(window, size).head + window.dilation * (window.kernel - 1) + 1;
    // What lies outside of the image is padding still; at edges inside of it there is none.
    return { from: Math.max(0, start), to: Math.min(size, end), head: Math.max(0, -start), tail: Math.max(0, end - size) };
  });
  const [rows, columns] = axes;
  if (axes.some(({ from, to }) => from >= to)) return undefined;
  const pads = [rows.head, columns.head, rows.tail, columns.tail];
  return { reads: node.inputs.map((_, index) => (index === 0 ? [rows, columns] : undefined)), attributes: { pads, auto_pad: 'NOTSET' } };
}

/** Inputs of the output's size are read in its part; others must not change along rows and columns. */
function elementwise({ inputs }: Node, shape: readonly number[], region: Region): Part | undefined {
  const reads: (Region | undefined)[] = [];
  for (const input of inputs) {
    const of = input && (input.constant?.shape ?? staticShape(input.shape));
    if (input && !of) return undefined;
    const along = SPATIAL.map((axis) => of?.[of.length - shape.length + axis] ?? 1);
    const isWhole = of?.length === 4 && !input?.constant && SPATIAL.every((axis, each) => along[each] === shape[axis]);
    if (!isWhole && along.some((size) => size !== 1) && of?.length !== 1) return undefined;
    reads.push(isWhole ? region : undefined);
  }
  return reads.some(Boolean) ? { reads, attributes: {} } : undefined;
}
