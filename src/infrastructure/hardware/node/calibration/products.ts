import { Tensor } from '../../../../onnx/index.js';
import { type Sample, type SampleInput, typedWeight, weight } from './sample.js';

const data = (...shape: number[]): SampleInput => ({ shape });

interface Convolution {
  readonly channels: number;
  readonly filters: number;
  readonly kernel: readonly [number, number];
  readonly size: readonly [number, number];
  readonly stride?: number;
  readonly groups?: number;
}

const square = (channels: number, filters: number, kernel: number, size: number, stride = 1, groups = 1): Convolution => ({
  channels,
  filters,
  kernel: [kernel, kernel],
  size: [size, size],
  stride,
  groups,
});

/** Channels, filters, kernel, size, stride and groups that are usual, and that processors' kernels take differently. */
const CONVOLUTIONS: readonly Convolution[] = [
  ...[
    [8, 16, 48],
    [16, 16, 40],
    [32, 64, 20],
    [64, 64, 52],
    [128, 128, 13],
    [24, 72, 80],
    [96, 24, 28],
    [192, 96, 10],
    [144, 40, 26],
    [320, 200, 7],
    [48, 12, 60],
    [12, 36, 30],
    [200, 8, 1],
    [16, 64, 1],
  ].map(([c, f, size]) => square(c, f, 1, size)),
  ...[
    [16, 16, 3, 24],
    [32, 32, 3, 16],
    [64, 64, 3, 40],
    [48, 96, 3, 14, 2],
    [8, 12, 3, 60],
    [24, 24, 5, 20],
    [96, 128, 3, 10],
    [128, 64, 3, 7],
    [32, 16, 5, 33, 2],
    [20, 40, 3, 5],
    [32, 48, 3, 120],
    [16, 40, 5, 150],
  ].map(([c, f, k, size, stride]) => square(c, f, k, size, stride)),
  ...[
    [3, 16, 3, 160, 2],
    [3, 24, 3, 96, 2],
    [1, 8, 5, 28],
    [1, 32, 3, 60],
    [3, 64, 7, 112, 2],
    [1, 64, 5, 100],
    [3, 8, 3, 40],
    [1, 4, 1, 50],
  ].map(([c, f, k, size, stride]) => square(c, f, k, size, stride)),
  ...[
    [16, 3, 40, 1],
    [32, 3, 80, 2],
    [64, 3, 26, 1],
    [96, 5, 20, 1],
    [144, 3, 13, 1],
    [240, 5, 10, 2],
    [24, 3, 104, 1],
    [48, 5, 52, 1],
    [8, 3, 16, 1],
    [320, 3, 7, 1],
  ].map(([c, k, size, stride]) => square(c, c, k, size, stride, c)),
  ...[
    [32, 32, 3, 20, 4],
    [48, 96, 1, 14, 3],
    [64, 64, 3, 10, 2],
  ].map(([c, f, k, size, groups]) => square(c, f, k, size, 1, groups)),
  ...[
    [96, 1, 1, 20],
    [96, 1, 5, 10],
    [64, 4, 1, 16],
    [32, 6, 1, 36],
    [80, 4, 3, 12],
    [48, 2, 3, 24],
    [128, 6, 1, 8],
  ].map(([c, f, k, size]) => square(c, f, k, size)),
  { channels: 100, filters: 100, kernel: [5, 5], size: [1, 200], groups: 100 },
  { channels: 64, filters: 64, kernel: [3, 3], size: [2, 200], groups: 64 },
  { channels: 32, filters: 48, kernel: [1, 7], size: [1, 120] },
  { channels: 64, filters: 64, kernel: [1, 3], size: [1, 400] },
  { channels: 16, filters: 16, kernel: [5, 1], size: [90, 20] },
  { channels: 1, filters: 32, kernel: [1, 30], size: [1, 2000], stride: 4 },
];

/** Rows, depth and columns. */
const MATRICES = [
  [1, 16, 10],
  [1, 128, 64],
  [1, 500, 250],
  [1, 1024, 1000],
  [8, 64, 64],
  [40, 100, 60],
  [64, 256, 256],
  [200, 48, 160],
  [128, 512, 300],
];
/** Steps, inputs, state. */
const SEQUENCES = [
  [28, 80, 56],
  [1, 64, 64],
  [4, 40, 96],
  [16, 32, 32],
  [20, 128, 100],
  [60, 64, 48],
  [10, 200, 200],
];

/** Operators that multiply and accumulate. */
export function productSamples(): Sample[] {
  return [
    ...CONVOLUTIONS.flatMap(convolutions),
    ...MATRICES.flatMap(matrices),
    ...SEQUENCES.flatMap(sequences),
    ...[
      [16, 8, 10],
      [32, 32, 20],
      [64, 24, 14],
    ].map(([c, f, size]): Sample => {
      return { op: 'ConvTranspose', inputs: [data(1, c, size, size), weight(c, f, 2, 2)], attributes: { strides: [2, 2] } };
    }),
  ];
}

function convolutions({ channels, filters, kernel, size, stride = 1, groups = 1 }: Convolution): Sample[] {
  const shape = [1, channels, ...size];
  const pads = [kernel[0] >> 1, kernel[1] >> 1, kernel[0] >> 1, kernel[1] >> 1];
  const attributes = { kernel_shape: [...kernel], pads, strides: [stride, stride], group: groups };
  const kernels = [filters, channels / groups, ...kernel];
  const scale = Tensor.scalar('float32', 0.02);
  const zero = Tensor.scalar('uint8', 3);
  const bytes: SampleInput = { shape, dtype: 'uint8' };
  const integers = typedWeight('int8', ...kernels);
  const noZero = Tensor.scalar('int8', 0);
  const bias = typedWeight('int32', filters);
  return [
    ...[false, true].map((replaceable) => ({
      op: 'Conv',
      inputs: [data(...shape), weight(...kernels), weight(filters)],
      attributes,
      replaceable,
    })),
    { op: 'QLinearConv', inputs: [bytes, scale, zero, integers, scale, noZero, scale, zero, bias], attributes },
    { op: 'ConvInteger', inputs: [bytes, typedWeight('uint8', ...kernels), zero, zero], attributes },
  ];
}

function matrices([rows, depth, columns]: readonly number[]): Sample[] {
  const scale = Tensor.scalar('float32', 0.02);
  const zero = Tensor.scalar('uint8', 3);
  const bytes: SampleInput = { shape: [rows, depth], dtype: 'uint8' };
  const integers = typedWeight('int8', depth, columns);
  return [
    { op: 'Gemm', inputs: [data(rows, depth), weight(columns, depth), weight(columns)], attributes: { transB: 1 } },
    { op: 'MatMul', inputs: [data(rows, depth), weight(depth, columns)] },
    { op: 'MatMul', inputs: [data(4, rows, depth), data(4, depth, columns)] },
    { op: 'Einsum', inputs: [data(2, 4, rows, depth), data(2, 4, columns, depth)], attributes: { equation: 'bhid,bhjd->bhij' } },
    { op: 'MatMulInteger', inputs: [bytes, integers, zero, Tensor.scalar('int8', 0)] },
    { op: 'QLinearMatMul', inputs: [bytes, scale, zero, integers, scale, Tensor.scalar('int8', 0), scale, zero] },
  ];
}

function sequences([steps, inputs, state]: readonly number[]): Sample[] {
  const layer = (op: string, gates: number, directions: number): Sample => ({
    op,
    inputs: [data(steps, 1, inputs), weight(directions, gates * state, inputs), weight(directions, gates * state, state)],
    attributes: { hidden_size: state, direction: directions === 2 ? 'bidirectional' : 'forward' },
  });
  return [layer('LSTM', 4, 1), layer('LSTM', 4, 2), layer('GRU', 3, 1), layer('GRU', 3, 2), layer('RNN', 1, 1)];
}
