import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindDim, SymbolicDim, Tensor, type Value } from 'espalier/onnx';
import { builder, run } from './onnxruntime.js';

type Attributes = Readonly<Record<string, number | string | readonly number[]>>;

/** One operator with a window, on an input [1, 1, size]; `size` may be a symbol. */
function windowed(op: string, size: number | SymbolicDim, kernel: number, attributes: Attributes) {
  const build = builder();
  const x = build.input('x', 'float32', [1, 1, size]);
  const weighted = op.startsWith('Conv');
  const ones = weighted ? [build.constant(Tensor.from('float32', [1, 1, kernel], new Array(kernel).fill(1)))] : [];
  const y = build.op(op, [x, ...ones], { ...attributes, ...(weighted ? {} : { kernel_shape: [kernel] }) });
  build.output(y, 'y');
  return { build, y };
}

const sizeOf = (value: Value) => value.shape?.[2];

/** Size inferred for a numeric input, 'error' where the rule refuses. */
function inferred(op: string, size: number, kernel: number, attributes: Attributes) {
  try {
    return sizeOf(windowed(op, size, kernel, attributes).y);
  } catch {
    return 'error';
  }
}

/** Size that ONNX Runtime computes, 'error' where it does not run. */
async function actual(op: string, size: number, kernel: number, attributes: Attributes) {
  const { build, y } = windowed(op, SymbolicDim.named('L'), kernel, attributes);
  y.type = { kind: 'tensor', dtype: 'float32' };
  try {
    const results = await run(build, { x: Tensor.from('float32', [1, 1, size], new Array(size).fill(1)) });
    return results.y.shape[2];
  } catch {
    return 'error';
  }
}

/** The size for a symbolic input, with the symbol replaced afterwards. */
function bound(op: string, size: number, kernel: number, attributes: Attributes) {
  const symbolic = sizeOf(windowed(op, SymbolicDim.named('L'), kernel, attributes).y);
  return symbolic === undefined ? undefined : bindDim(symbolic, { L: size });
}

function fits(size: number, kernel: number, { dilations = [1], pads = [0, 0] }: Attributes): boolean {
  const [[dilation], [head, tail]] = [dilations, pads] as number[][];
  return dilation * (kernel - 1) + 1 <= size + head + tail;
}

async function agrees(op: string, size: number, kernel: number, attributes: Attributes): Promise<void> {
  const label = `${op} of ${size} by ${kernel} ${JSON.stringify(attributes)}`;
  const want = await actual(op, size, kernel, attributes);
  if (want === 'error') return;
  assert.equal(inferred(op, size, kernel, attributes), want, label);
  // Where not even one window fits, ONNX Runtime's pools round the other way: a quirk of numbers, which symbols do not follow.
  if (want !== 0 && fits(size, kernel, attributes)) assert.equal(bound(op, size, kernel, attributes), want, `symbolic ${label}`);
}

const sizes = [4, 5, 7];
const kernels = [1, 2, 3];
const strides = [1, 2, 3];

test('pools: explicit padding, floor and ceil, as ONNX Runtime', async () => {
  for (const size of sizes)
    for (const kernel of kernels)
      for (const stride of strides)
        for (const pads of [
          [0, 0],
          [1, 0],
          [0, 1],
          [1, 1],
          [2, 2],
        ].filter((pair) => pair.every((pad) => pad < kernel)))
          for (const ceil_mode of [0, 1]) await agrees('MaxPool', size, kernel, { strides: [stride], pads, ceil_mode });
});

test('pools: dilation', async () => {
  for (const op of ['MaxPool', 'AveragePool', 'LpPool'])
    for (const size of [5, 8])
      for (const stride of strides)
        for (const ceil_mode of [0, 1]) await agrees(op, size, 3, { strides: [stride], dilations: [2], pads: [1, 1], ceil_mode });
});

test('pools: automatic padding', async () => {
  for (const op of ['MaxPool', 'AveragePool'])
    for (const auto_pad of ['SAME_UPPER', 'SAME_LOWER', 'VALID'])
      for (const size of sizes)
        for (const kernel of kernels)
          for (const stride of strides)
            for (const dilation of [1, 2]) await agrees(op, size, kernel, { auto_pad, strides: [stride], dilations: [dilation] });
});

test('convolutions', async () => {
  for (const size of sizes)
    for (const kernel of kernels)
      for (const stride of strides) {
        for (const pads of [
          [0, 0],
          [1, 0],
          [2, 3],
        ])
          await agrees('Conv', size, kernel, { strides: [stride], pads });
        for (const auto_pad of ['SAME_UPPER', 'SAME_LOWER', 'VALID']) await agrees('Conv', size, kernel, { strides: [stride], auto_pad });
        await agrees('Conv', 8, kernel, { strides: [stride], dilations: [2], pads: [1, 1] });
      }
});

test('transposed convolutions', async () => {
  for (const size of sizes)
    for (const kernel of kernels)
      for (const stride of strides) {
        await agrees('ConvTranspose', size, kernel, { strides: [stride], pads: [kernel - 1, 0] });
        await agrees('ConvTranspose', size, kernel, { strides: [stride], dilations: [2] });
        await agrees('ConvTranspose', size, kernel, { strides: [stride], output_padding: [stride - 1] });
        await agrees('ConvTranspose', size, kernel, { strides: [stride], output_shape: [size * stride] });
        for (const auto_pad of ['SAME_UPPER', 'SAME_LOWER', 'VALID']) {
          await agrees('ConvTranspose', size, kernel, { strides: [stride], auto_pad });
        }
      }
});

test('a window that is larger than its padded input is refused', async () => {
  for (const op of ['Conv', 'MaxPool']) {
    assert.equal(await actual(op, 2, 5, {}), 'error');
    assert.equal(inferred(op, 2, 5, {}), 'error');
  }
});
