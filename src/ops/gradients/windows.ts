import { sizeOf } from '../../base/index.js';
import { type GraphBuilder, Tensor, type Value } from '../../onnx/index.js';
import { padWithZeros } from '../shared/gradients.js';
import { extentOf, paddingOf, type Window } from '../shared/windows.js';

/** Where a kernel meets one spatial axis of a static input: the numbers that gradients are written with. */
export interface Span {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before the input. Padding behind it follows from the sizes: see `tailOf`. */
  readonly head: number;
}

/** The spans of windows between static inputs [N, C, …] and outputs [N, M, …]. */
export function spansOf(windows: readonly Window[], input: readonly number[], output: readonly number[]): Span[] {
  return windows.map((window, axis) => ({
    input: input[axis + 2],
    output: output[axis + 2],
    kernel: window.kernel,
    stride: window.stride,
    dilation: window.dilation,
    head: paddingOf(window, input[axis + 2]).head,
  }));
}

/** Padding behind the input that the last window needs; negative where windows leave some of the input untouched. */
export function tailOf(span: Span): number {
  return (span.output - 1) * span.stride + extentOf(span) - span.input - span.head;
}

/** Attributes for a ConvTranspose that takes the span's outputs back to its inputs. */
export function backwardAttributes(spans: readonly Span[]) {
  return {
    kernel_shape: spans.map((span) => span.kernel),
    strides: spans.map((span) => span.stride),
    dilations: spans.map((span) => span.dilation),
    pads: [...spans.map((span) => span.head), ...spans.map((span) => Math.max(0, tailOf(span)))],
    output_padding: spans.map((span) => Math.max(0, -tailOf(span))),
  };
}

/** The input [N, C, …] padded (or cut) so that the windows tile it from its first element to its last. */
export function padToWindows(build: GraphBuilder, data: Value, spans: readonly Span[]): Value {
  const heads = spans.map((span) => span.head);
  return padWithZeros(build, data, [0, 0, ...heads], [0, 0, ...spans.map(tailOf)]);
}

/** The elements of data [N, C, …inputs] that windows of one element meet: [N, C, …outputs]. */
export function elementsMet(build: GraphBuilder, data: Value, spans: readonly Span[]): Value {
  const heads = [0, 0, ...spans.map((span) => span.head)];
  const tails = [0, 0, ...spans.map((span) => Math.max(0, tailOf(span)))];
  const padded = padWithZeros(build, data, heads, tails);
  if (spans.every((span) => span.stride === 1 && tailOf(span) >= 0)) return padded;
  // What lies behind the last window needs no cutting off: the slice ends before it.
  const ends = spans.map((span) => (span.output - 1) * span.stride + 1);
  const axes = build.ints(spans.map((_, axis) => axis + 2));
  return build.op('Slice', [padded, build.ints(spans.map(() => 0)), build.ints(ends), axes, build.ints(spans.map((span) => span.stride))]);
}

/** Whether windows tile the input without gaps, overlaps or padding, so that each input element belongs to at most one window. */
export function isTiling(spans: readonly Span[]): boolean {
  return spans.every((span) => span.kernel === span.stride && span.dilation === 1 && span.head === 0 && tailOf(span) <= 0);
}

/**
 * Each output's number added to every input element that its window covers: the transpose of a sum pool. `upstream` is [N, C, …outputs].
 * @returns [N, C, …inputs].
 */
export function spreadOverWindows(
  build: GraphBuilder,
  upstream: Value,
  spans: readonly Span[],
  batchAndChannels: readonly number[],
): Value {
  const result = [...batchAndChannels, ...spans.map((span) => span.input)];
  if (isTiling(spans)) {
    const uncovered = [0, 0, ...spans.map((span) => -tailOf(span))];
    return padWithZeros(
      build,
      repeatOverTiles(build, upstream, spans, batchAndChannels),
      uncovered.map(() => 0),
      uncovered,
    );
  }
  const kernel = spans.map((span) => span.kernel);
  const ones = build.constant(Tensor.from(upstream.dtype ?? 'float32', [1, 1, ...kernel], new Array(sizeOf(kernel)).fill(1)));
  // Channels are alike, so they join the batch: one plane per image.
  const planes = build.op('Reshape', [upstream, build.ints([-1, 1, ...spans.map((span) => span.output)])]);
  const spread = build.op('ConvTranspose', [planes, ones], backwardAttributes(spans));
  return build.op('Reshape', [spread, build.ints(result)]);
}

function repeatOverTiles(build: GraphBuilder, upstream: Value, spans: readonly Span[], lead: readonly number[]): Value {
  if (upstream.dtype === 'float32' && lead.length === 2) {
    const scales = build.constant(Tensor.from('float32', [lead.length + spans.length], [1, 1, ...spans.map((span) => span.kernel)]));
    const nearest = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
    return build.op('Resize', [upstream, undefined, scales], nearest);
  }
  const split = build.op('Reshape', [upstream, build.ints([...lead, ...spans.flatMap((span) => [span.output, 1])])]);
  const repeated = build.op('Expand', [split, build.ints([...lead, ...spans.flatMap((span) => [span.output, span.kernel])])]);
  return build.op('Reshape', [repeated, build.ints([...lead, ...spans.map((span) => span.output * span.kernel)])]);
}
