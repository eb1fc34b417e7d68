import { sizeOf } from '../../base/index.js';
import type { Value } from '../../onnx/index.js';
import type { GradientContext, GradientRule } from '../rule.js';
import { zerosOf } from '../shared/gradients.js';
import { poolWindows } from '../shared/windows.js';
import { isTiling, spansOf } from './windows.js';

/** The gradient goes to the first maximum of each window, by the indices that the pool itself gives. */
export const maxPoolGradient: GradientRule = (context) => {
  const { build, node, shape } = context;
  const x = context.input(0);
  const upstream = context.grad();
  const windows = poolWindows(node);
  const spans = spansOf(windows, shape(x), shape(upstream));
  const indices = rowMajorIndices(context);
  if (isTiling(spans)) {
    const attributes = { kernel_shape: windows.map(({ kernel }) => kernel), strides: windows.map(({ stride }) => stride) };
    return [build.op('MaxUnpool', [upstream, indices, build.ints(shape(x))], attributes)];
  }
  // Windows that overlap may share a maximum, which gets the sum of their gradients.
  const flat = (value: Value) => build.op('Reshape', [value, build.ints([-1])]);
  const zeros = zerosOf(build, x, [sizeOf(shape(x))]);
  const scattered = build.op('ScatterElements', [zeros, flat(indices), flat(upstream)], { axis: 0, reduction: 'add' });
  return [build.op('Reshape', [scattered, build.ints(shape(x))])];
};

/** Where each window's maximum lies in the flattened input. */
function rowMajorIndices({ node, build, input, output }: GradientContext): Value {
  if (node.int('storage_order', 0) === 0) return output(1);
  const attributes = Object.fromEntries([...node.attributes].filter(([name]) => name !== 'storage_order'));
  return build.node('MaxPool', [input(0)], attributes, { outputs: 2 })[1];
}

/** The gradient goes to the first maximum of each channel. */
export const globalMaxPoolGradient: GradientRule = ({ build, input, grad, shape }) => {
  const x = input(0);
  const [batch, channels, ...spatial] = shape(x);
  const rows = build.ints([batch, channels, sizeOf(spatial)]);
  const best = build.op('ArgMax', [build.op('Reshape', [x, rows])], { axis: 2, keepdims: 1 });
  const updates = build.op('Reshape', [grad(), build.ints([batch, channels, 1])]);
  const scattered = build.op('ScatterElements', [zerosOf(build, x, [batch, channels, sizeOf(spatial)]), best, updates], { axis: 2 });
  return [build.op('Reshape', [scattered, build.ints(shape(x))])];
};

/** Each input gets the gradient of the place it was put at. */
export const maxUnpoolGradient: GradientRule = ({ build, input, grad }) => [
  build.op('Gather', [build.op('Reshape', [grad(), build.ints([-1])]), input(1)], { axis: 0 }),
];
