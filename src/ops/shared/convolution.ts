import { sizeOf } from '../../base/index.js';
import type { Dim, Node, Value } from '../../onnx/index.js';
import type { CostContext, CouplingContext, InferContext } from '../rule.js';
import { printShape } from './broadcast.js';
import { convolutionWindows, convolvedSize } from './windows.js';

/** Spatial sizes of a kernel: by the weight's shape, else by attribute kernel_shape. @throws GraphError where the two disagree. */
export function kernelOf(context: InferContext, weight: readonly Dim[] | undefined): number[] | undefined {
  const stated = context.node.ints('kernel_shape', undefined);
  const shape = weight?.slice(2);
  if (!shape?.every((dim) => typeof dim === 'number')) return stated;
  const kernel = shape as number[];
  if (stated && stated.join() !== kernel.join()) {
    context.fail("kernel_shape contradicts the weight's shape", `[${kernel}]`, `[${stated}]`);
  }
  return kernel;
}

/** Checks that two sizes agree where both are known. */
export function checkSize(context: InferContext, what: string, expected: Dim | undefined, got: Dim | undefined): void {
  if (typeof expected === 'number' && typeof got === 'number' && expected !== got) context.fail(what, String(expected), String(got));
}

/**
 * Output shape of a convolution of input `data` with weight `weight` ([M, C / group, …kernel]); undefined where the rank is unknown.
 * @throws GraphError where ranks, channels, groups or sizes contradict each other.
 */
export function convolutionShape(context: InferContext, data: number, weight: number): Dim[] | undefined {
  const x = context.shape(data);
  const w = context.shape(weight);
  if (!x) return undefined;
  if (x.length < 3) context.fail('The data has too few axes', '[N, C, …spatial]', printShape(x));
  if (w && w.length !== x.length) context.fail('Data and weight have different ranks', printShape(x), printShape(w));
  if (w) checkGroups(context, x, w);
  const kernel = kernelOf(context, w);
  if (!kernel) return undefined;
  checkSize(context, 'kernel_shape does not fit the data', x.length - 2, kernel.length);
  const windows = convolutionWindows(context.node, kernel);
  const spatial = windows.map((window, axis) => fittingSize(context, convolvedSize(window, x[axis + 2]), x[axis + 2]));
  return w && [x[0], w[0], ...spatial];
}

function checkGroups(context: InferContext, x: readonly Dim[], w: readonly Dim[]): void {
  const group = context.node.int('group', 1);
  const perGroup = w[1];
  if (typeof perGroup === 'number') {
    checkSize(context, "The data's channels do not fit the weight", perGroup * group, x[1]);
  }
  if (typeof w[0] === 'number' && w[0] % group !== 0) {
    context.fail('The output channels do not divide into the groups', `a multiple of ${group}`, String(w[0]));
  }
}

/**
 * A size that a window gives. A window that does not fit its input even once is an error; ONNX Runtime's pools take one that is a single
 * step too large, and give nothing (`smallest` 0).
 */
export function fittingSize(context: InferContext, size: Dim, input: Dim, smallest = 1): Dim {
  if (typeof size === 'number' && size < (input === 0 ? 0 : smallest)) {
    context.fail(
      'The window is larger than its padded input',
      `at least ${smallest} output positions`,
      `${size} for an input of size ${input}`,
    );
  }
  return size;
}

/** Multiply-accumulates of a convolution: every output element is a sum over one window of C / group channels. */
export function convolutionMacs(context: CostContext, weight: number): number {
  return sizeOf(context.output(0)) * sizeOf(context.input(weight).slice(1));
}

export interface ConvolutionParts {
  readonly data: Value;
  readonly weight: Value;
  readonly output: Value;
  /** Vectors with one element per output channel. */
  readonly perOutput: readonly Value[];
}

/**
 * Ties of a convolution. In groups: each input channel has its place in its group, and the channels in one place (of all groups) live and
 * die together, so that groups stay equally large; likewise output channels. Depthwise (one input channel per group): a channel goes with
 * the outputs made from it, and with its group.
 */
export function coupleConvolution(context: CouplingContext, { data, weight, output, perOutput }: ConvolutionParts): void {
  const [outputs, inputsPerGroup] = context.shape(weight);
  const group = context.node.int('group', 1);
  const outputsPerGroup = outputs / group;
  context.tie({ value: data, axis: 0 }, { value: output, axis: 0 });
  context.tie({ value: weight, axis: 0 }, { value: output, axis: 1 });
  tieVectors(context, perOutput, output);
  if (group > 1 && inputsPerGroup === 1) {
    context.tie({ value: data, axis: 1 }, { value: output, axis: 1 }, (channel) => range(channel * outputsPerGroup, outputsPerGroup));
    context.afterwards((size) => setGroup(context.node, size(data)[1]));
    return;
  }
  context.tie({ value: weight, axis: 1 }, { value: data, axis: 1 }, (place) => places(place, inputsPerGroup, group));
  for (let place = 0; place < outputsPerGroup; place++) {
    for (let g = 1; g < group; g++) context.tieWithin({ value: weight, axis: 0 }, place, g * outputsPerGroup + place);
  }
}

/** Ties of a transposed convolution, whose weight is [C, M / group, …kernel]. */
export function coupleTransposed(context: CouplingContext, { data, weight, output, perOutput }: ConvolutionParts): void {
  const [inputs, outputsPerGroup] = context.shape(weight);
  const group = context.node.int('group', 1);
  const inputsPerGroup = inputs / group;
  context.tie({ value: data, axis: 0 }, { value: output, axis: 0 });
  context.tie({ value: data, axis: 1 }, { value: weight, axis: 0 });
  tieVectors(context, perOutput, output);
  if (group > 1 && inputsPerGroup === 1) {
    context.tie({ value: data, axis: 1 }, { value: output, axis: 1 }, (channel) => range(channel * outputsPerGroup, outputsPerGroup));
    context.afterwards((size) => setGroup(context.node, size(data)[1]));
    return;
  }
  context.tie({ value: weight, axis: 1 }, { value: output, axis: 1 }, (place) => places(place, outputsPerGroup, group));
  for (let place = 0; place < inputsPerGroup; place++) {
    for (let g = 1; g < group; g++) context.tieWithin({ value: data, axis: 1 }, place, g * inputsPerGroup + place);
  }
}

function tieVectors(context: CouplingContext, vectors: readonly Value[], output: Value): void {
  for (const value of vectors) context.tie({ value, axis: 0 }, { value: output, axis: 1 });
}

function setGroup(node: Node, group: number): void {
  node.attributes.set('group', { type: 'int', value: group });
}

function range(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => start + i);
}

/** The indices of one place in each of `groups` groups of `perGroup`. */
export function places(place: number, perGroup: number, groups: number): number[] {
  return Array.from({ length: groups }, (_, group) => group * perGroup + place);
}
