import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AttributeLike, type DataType, Graph, type Node, type Value } from 'espalier/onnx';
import { requireRule, typedBuilder } from 'espalier/ops';

interface Costed {
  inputs: readonly (readonly number[] | undefined)[];
  attributes?: Readonly<Record<string, AttributeLike>>;
  domain?: string;
  dtypes?: readonly DataType[];
}

/** Multiply-accumulates of one operator, by the shapes that inference gives it. */
function macs(op: string, { inputs, attributes = {}, domain = '', dtypes = [] }: Costed): number {
  const build = typedBuilder(new Graph(), new Map([['', 24]]));
  const values = inputs.map((shape, i) => shape && build.input(`x${i}`, dtypes[i] ?? 'float32', shape));
  const node = build.op(op, values, attributes, domain).producer as Node;
  const shapeOf = (value: Value | undefined) => (value?.shape ?? []) as readonly number[];
  return requireRule(node).macs({
    node,
    opset: 24,
    input: (index) => shapeOf(node.inputs[index]),
    output: (index) => shapeOf(node.outputs[index]),
  });
}

/** Counts a convolution's products one by one. */
function countConvolution(input: number, kernel: number, stride: number, pad: number): number {
  let positions = 0;
  for (let start = -pad; start + kernel <= input + pad; start += stride) positions++;
  return positions;
}

test('Conv: the first layers of published networks', () => {
  // AlexNet (one tower, torchvision): 11x11 stride 4; ResNet's stem: 7x7 stride 2; MobileNet's depthwise 3x3.
  assert.equal(
    macs('Conv', {
      inputs: [
        [1, 3, 224, 224],
        [64, 3, 11, 11],
      ],
      attributes: { strides: [4, 4], pads: [2, 2, 2, 2] },
    }),
    70_276_800,
  );
  assert.equal(
    macs('Conv', {
      inputs: [
        [1, 3, 224, 224],
        [64, 3, 7, 7],
      ],
      attributes: { strides: [2, 2], pads: [3, 3, 3, 3] },
    }),
    118_013_952,
  );
  const depthwise = {
    inputs: [
      [1, 32, 112, 112],
      [32, 1, 3, 3],
    ],
    attributes: { group: 32, pads: [1, 1, 1, 1] },
  };
  assert.equal(macs('Conv', depthwise), 3_612_672);
});

test('Conv: counted window by window', () => {
  for (const [kernel, stride, pad] of [
    [3, 1, 0],
    [3, 2, 1],
    [1, 2, 0],
    [5, 3, 2],
  ]) {
    const along = countConvolution(11, kernel, stride, pad);
    const attributes = { strides: [stride, stride], pads: [pad, pad, pad, pad], group: 2 };
    assert.equal(
      macs('Conv', {
        inputs: [
          [3, 4, 11, 11],
          [6, 2, kernel, kernel],
        ],
        attributes,
      }),
      3 * 6 * 2 * (along * kernel) ** 2,
    );
  }
});

test('ConvTranspose: every input element meets one window', () => {
  assert.equal(
    macs('ConvTranspose', {
      inputs: [
        [2, 4, 5, 5],
        [4, 3, 2, 2],
      ],
      attributes: { group: 2, strides: [2, 2] },
    }),
    2 * 4 * 25 * 3 * 4,
  );
});

test('recurrent operators: PyTorch-style counts per step', () => {
  const [steps, batch, inputs, hidden] = [7, 3, 10, 20];
  for (const [op, gates] of [
    ['LSTM', 4],
    ['GRU', 3],
    ['RNN', 1],
  ] as const) {
    const shapes = [
      [steps, batch, inputs],
      [2, gates * hidden, inputs],
      [2, gates * hidden, hidden],
    ];
    const cost = macs(op, { inputs: shapes, attributes: { hidden_size: hidden, direction: 'bidirectional' } });
    assert.equal(cost, steps * batch * 2 * gates * hidden * (inputs + hidden), op);
  }
});

test('attention: scores and weighted sums, with and without an axis for heads, and with a cache', () => {
  const expected = 2 * 8 * 5 * 9 * (16 + 24);
  assert.equal(
    macs('Attention', {
      inputs: [
        [2, 8, 5, 16],
        [2, 8, 9, 16],
        [2, 8, 9, 24],
      ],
    }),
    expected,
  );
  const packed = {
    inputs: [
      [2, 5, 128],
      [2, 9, 128],
      [2, 9, 192],
    ],
    attributes: { q_num_heads: 8, kv_num_heads: 8 },
  };
  assert.equal(macs('Attention', packed), expected);
  const past = [[2, 8, 5, 16], [2, 8, 4, 16], [2, 8, 4, 24], undefined, [2, 8, 5, 16], [2, 8, 5, 24]];
  assert.equal(macs('Attention', { inputs: past }), expected);
});

test('integer products cost what float ones cost', () => {
  assert.equal(
    macs('MatMulInteger', {
      inputs: [
        [2, 3, 4],
        [4, 5],
      ],
      dtypes: ['uint8', 'int8'],
    }),
    2 * 3 * 4 * 5,
  );
  const conv = {
    inputs: [[1, 4, 6, 6], [], [], [8, 4, 3, 3], [], [], [], []],
    dtypes: ['uint8', 'float32', 'uint8', 'int8'] as DataType[],
  };
  assert.equal(macs('QLinearConv', conv), 8 * 16 * 4 * 9);
  const blocks = {
    inputs: [[2, 3, 64], [10, 2, 16], [20]],
    attributes: { K: 64, N: 10, bits: 4, block_size: 32 },
    domain: 'com.microsoft',
  };
  assert.equal(macs('MatMulNBits', blocks), 2 * 3 * 64 * 10);
});

test('pools and normalizations multiply nothing that accumulates', () => {
  assert.equal(macs('MaxPool', { inputs: [[1, 3, 8, 8]], attributes: { kernel_shape: [2, 2] } }), 0);
  assert.equal(macs('LayerNormalization', { inputs: [[1, 3, 8], [8]] }), 0);
});
