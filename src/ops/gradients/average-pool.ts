import { sizeOf } from '../../base/index.js';
import { Tensor, type Value } from '../../onnx/index.js';
import type { GradientContext, GradientRule } from '../rule.js';
import { paddingOf, poolWindows, type Window } from '../shared/windows.js';
import { spansOf, spreadOverWindows } from './windows.js';

/** Each window's gradient, divided by the number of elements that it averaged, goes to all of them. */
export const averagePoolGradient: GradientRule = (context) => {
  const { build, node, shape } = context;
  const [input, output] = [shape(context.input(0)), shape(context.grad())];
  const windows = poolWindows(node);
  const share = build.op('Mul', [context.grad(), inverseCounts(context, windows, input, output)]);
  return [spreadOverWindows(build, share, spansOf(windows, input, output), input.slice(0, 2))];
};

/** 1 / (elements that a window averages): a scalar where all windows are alike, else [1, 1, …outputs]. */
function inverseCounts(
  { build, node, grad }: GradientContext,
  windows: readonly Window[],
  input: readonly number[],
  output: readonly number[],
): Value {
  const withPadding = node.int('count_include_pad', 0) === 1;
  const perAxis = windows.map((window, axis) => countsAlong(window, input[axis + 2], output[axis + 2], withPadding));
  const counts = perAxis.reduce<number[]>((outer, inner) => outer.flatMap((a) => inner.map((b) => a * b)), [1]);
  const dtype = grad().dtype ?? 'float32';
  if (counts.every((count) => count === counts[0])) return build.scalar(1 / counts[0], dtype);
  const inverse = counts.map((count) => 1 / count);
  return build.constant(Tensor.from(dtype, [1, 1, ...output.slice(2)], inverse));
}

/** How many taps of each window count along one axis: those on the input and, where asked for, on its padding. */
function countsAlong(window: Window, input: number, output: number, withPadding: boolean): number[] {
  const { head, tail } = paddingOf(window, input);
  const [low, high] = withPadding ? [-head, input + tail] : [0, input];
  return Array.from({ length: output }, (_, position) => {
    const start = position * window.stride - head;
    let count = 0;
    for (let tap = 0; tap < window.kernel; tap++) {
      const place = start + tap * window.dilation;
      if (place >= low && place < high) count++;
    }
    return count;
  });
}

/** Every element of a channel gets the same share. */
export const globalAveragePoolGradient: GradientRule = ({ build, input, grad, shape }) => {
  const size = shape(input(0));
  const share = build.op('Mul', [grad(), build.scalar(1 / sizeOf(size.slice(2)), grad().dtype)]);
  return [build.op('Expand', [share, build.ints(size)])];
};
