import {
  addDims,
  ceilDivideDims,
  type Dim,
  floorDivideDims,
  maxDims,
  minDims,
  multiplyDims,
  type Node,
  subtractDims,
} from '../../onnx/index.js';

export type AutoPad = 'NOTSET' | 'VALID' | 'SAME_UPPER' | 'SAME_LOWER';

/** How a kernel slides along one spatial axis: what the attributes of a convolution or a pool say about it. */
export interface Window {
  /** Taps along the axis. */
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Explicit padding before and after; 0 unless `autoPad` is NOTSET. */
  readonly head: number;
  readonly tail: number;
  readonly autoPad: AutoPad;
  /** Whether a last window that does not fit counts too (pools only). */
  readonly ceil: boolean;
  /** Elements that SAME padding reckons with: ONNX Runtime's pools leave dilation out there. */
  readonly sameSpan: number;
}

/** Elements from a window's first tap to its last. */
export function extentOf({ kernel, dilation }: Pick<Window, 'kernel' | 'dilation'>): number {
  return dilation * (kernel - 1) + 1;
}

/** The windows of a convolution (or of a transposed one), one per spatial axis of its kernel. */
export function convolutionWindows(node: Node, kernel: readonly number[]): Window[] {
  return windowsOf(node, kernel).map((window) => ({ ...window, sameSpan: extentOf(window), ceil: false }));
}

/** The windows of a pool, by its attribute kernel_shape. */
export function poolWindows(node: Node): Window[] {
  return windowsOf(node, node.ints('kernel_shape', []));
}

function windowsOf(node: Node, kernel: readonly number[]): Window[] {
  const rank = kernel.length;
  const strides = node.ints('strides', undefined);
  const dilations = node.ints('dilations', undefined);
  const pads = node.ints('pads', undefined);
  const autoPad = node.string('auto_pad', 'NOTSET') as AutoPad;
  const explicit = autoPad === 'NOTSET';
  return kernel.map((taps, axis) => ({
    kernel: taps,
    stride: strides?.[axis] ?? 1,
    dilation: dilations?.[axis] ?? 1,
    head: explicit ? (pads?.[axis] ?? 0) : 0,
    tail: explicit ? (pads?.[axis + rank] ?? 0) : 0,
    autoPad,
    ceil: node.int('ceil_mode', 0) === 1,
    sameSpan: taps,
  }));
}

/** Whether padding follows from the input's size. */
function isSame({ autoPad }: Window): boolean {
  return autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER';
}

/** Padding before and after, for an input of a known size. */
export function paddingOf(window: Window, input: number): { head: number; tail: number } {
  if (!isSame(window)) return { head: window.head, tail: window.tail };
  const outputs = Math.ceil(input / window.stride);
  const total = Math.max(0, (outputs - 1) * window.stride + window.sameSpan - input);
  return splitPadding(total, window.autoPad === 'SAME_UPPER' ? 'tail' : 'head');
}

function splitPadding(total: number, larger: 'head' | 'tail'): { head: number; tail: number } {
  const small = Math.floor(total / 2);
  return larger === 'tail' ? { head: small, tail: total - small } : { head: total - small, tail: small };
}

/** Output size of a convolution along one axis: negative or 0 where the window is larger than the padded input. */
export function convolvedSize(window: Window, input: Dim): Dim {
  if (isSame(window)) return ceilDivideDims(input, window.stride);
  const room = subtractDims(addDims(input, window.head + window.tail), extentOf(window));
  return addDims(floorDivideDims(room, window.stride), 1);
}

/** Output size of a pool along one axis, as ONNX Runtime computes it: negative where the window is far larger than the padded input. */
export function pooledSize(window: Window, input: Dim): Dim {
  const { stride, head, tail } = window;
  const extent = extentOf(window);
  if (isSame(window)) {
    const excess = (window.sameSpan - extent) / stride;
    return addDims(ceilDivideDims(input, stride), window.ceil ? Math.ceil(excess) : Math.floor(excess));
  }
  const room = subtractDims(addDims(input, head + tail), extent);
  if (!window.ceil) return typeof room === 'number' ? Math.trunc(room / stride) + 1 : addDims(floorDivideDims(room, stride), 1);
  const all = addDims(ceilDivideDims(room, stride), 1);
  // A window that starts in the padding behind the input does not count.
  return minDims(all, ceilDivideDims(addDims(input, head), stride));
}

/** What ConvTranspose says about one axis beyond its window. */
export interface TransposedWindow extends Window {
  readonly outputPadding: number;
  /** The output size that was asked for. */
  readonly outputSize?: number;
}

/** The windows of a transposed convolution, one per spatial axis of its kernel. */
export function transposedWindows(node: Node, kernel: readonly number[]): TransposedWindow[] {
  const outputPadding = node.ints('output_padding', undefined);
  // Some exporters give the batch and channel sizes too; the spatial ones are the last.
  const outputShape = node.ints('output_shape', undefined)?.slice(-kernel.length);
  return convolutionWindows(node, kernel).map((window, axis) => ({
    ...window,
    outputPadding: outputPadding?.[axis] ?? 0,
    outputSize: outputShape?.[axis],
  }));
}

/** Output size of a transposed convolution along one axis. */
export function transposedSize(window: TransposedWindow, input: Dim): Dim {
  if (window.outputSize !== undefined) return window.outputSize;
  const full = fullTransposedSize(window, input);
  if (!isSame(window)) return subtractDims(full, window.head + window.tail);
  return minDims(full, multiplyDims(input, window.stride));
}

/** Elements cut from the output of a transposed convolution before and after, for an input of a known size. */
export function transposedPadding(window: TransposedWindow, input: number): { head: number; tail: number } {
  if (window.outputSize === undefined && !isSame(window)) return { head: window.head, tail: window.tail };
  const full = fullTransposedSize(window, input);
  const wanted = window.outputSize ?? multiplyDims(input, window.stride);
  const total = maxDims(0, subtractDims(full, wanted)) as number;
  return splitPadding(total, window.autoPad === 'SAME_UPPER' ? 'tail' : 'head');
}

function fullTransposedSize(window: TransposedWindow, input: Dim): Dim {
  return addDims(multiplyDims(subtractDims(input, 1), window.stride), window.outputPadding + extentOf(window));
}
