import type { GradientRule } from '../rule.js';
import { extentOf, transposedPadding, transposedWindows } from '../shared/windows.js';
import { biasGradient } from './conv.js';
import { weightGradient } from './conv-weight.js';
import { padToWindows, type Span } from './windows.js';

/** A transposed convolution is what a convolution does to gradients, so that its own gradient is that convolution. */
export const convTransposeGradient: GradientRule = (context) => {
  const { build, node, needs, shape } = context;
  const [x, w] = [context.input(0), context.input(1)];
  const upstream = context.grad();
  const [inputs, outputs] = [shape(x), shape(upstream)];
  const spans = transposedWindows(node, shape(w).slice(2)).map((window, axis): Span => {
    const { kernel, stride, dilation } = window;
    const head = transposedPadding(window, inputs[axis + 2]).head;
    return { input: outputs[axis + 2], output: inputs[axis + 2], kernel, stride, dilation, head };
  });
  const group = node.int('group', 1);
  const padded = padToWindows(build, upstream, spans);
  const convolved = {
    kernel_shape: spans.map(({ kernel }) => kernel),
    strides: spans.map(({ stride }) => stride),
    dilations: spans.map(({ dilation }) => dilation),
    group,
  };
  const fitting = spans.map((span): Span => ({ ...span, head: 0, input: (span.output - 1) * span.stride + extentOf(span) }));
  return [
    needs(0) ? build.op('Conv', [padded, w], convolved) : undefined,
    needs(1)
      ? weightGradient(build, { data: padded, upstream: x, spans: fitting, group, dataShape: outputs, weightShape: shape(w) })
      : undefined,
    needs(2) ? biasGradient(context) : undefined,
  ];
};
