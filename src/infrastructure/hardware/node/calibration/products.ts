import { Tensor } from '../../../../onnx/index.js';
import { data, type Sample, type SampleInput, typedWeight, weight } from './sample.js';

interface Convolution {
  readonly channels: number;
  readonly filters: number;
  readonly kernel: readonly [number, number];
  readonly size: readonly [number, number];
  readonly stride?: number;
  readonly groups?: number;
}

/** Channels, filters, kernel, size, stride (default 1) and groups (default 1) that are usual, and that processors' kernels take differently. */
const SQUARES = [
  // Pointwise.
  [8, 16, 1, 48],
  [16, 16, 1, 40],
  [32, 64, 1, 20],
  [64, 64, 1, 52],
  [128, 128, 1, 13],
  [24, 72, 1, 80],
  [96, 24, 1, 28],
  [192, 96, 1, 10],
  [144, 40, 1, 26],
  [320, 200, 1, 7],
  [48, 12, 1, 60],
  [12, 36, 1, 30],
  [200, 8, 1, 1],
  [16, 64, 1, 1],
  [4, 16, 1, 1],
  [32, 128, 1, 1],
  [96, 32, 1, 1],
  // With a window.
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
  // Of few channels.
  [3, 16, 3, 160, 2],
  [3, 24, 3, 96, 2],
  [1, 8, 5, 28],
  [1, 32, 3, 60],
  [3, 64, 7, 112, 2],
  [1, 64, 5, 100],
  [3, 8, 3, 40],
  [1, 4, 1, 50],
  // Depthwise.
  [16, 16, 3, 40, 1, 16],
  [32, 32, 3, 80, 2, 32],
  [64, 64, 3, 26, 1, 64],
  [96, 96, 5, 20, 1, 96],
  [144, 144, 3, 13, 1, 144],
  [240, 240, 5, 10, 2, 240],
  [24, 24, 3, 104, 1, 24],
  [48, 48, 5, 52, 1, 48],
  [8, 8, 3, 16, 1, 8],
  [320, 320, 3, 7, 1, 320],
  // In groups.
  [32, 32, 3, 20, 1, 4],
  [48, 96, 1, 14, 1, 3],
  [64, 64, 3, 10, 1, 2],
  // To few filters.
  [96, 1, 1, 20],
  [96, 1, 5, 10],
  [64, 4, 1, 16],
  [32, 6, 1, 36],
  [80, 4, 3, 12],
  [48, 2, 3, 24],
  [128, 6, 1, 8],
];

const CONVOLUTIONS: readonly Convolution[] = [
  ...SQUARES.map(([channels, filters, kernel, size, stride, groups]): Convolution => {
    return { channels, filters, kernel: [kernel, kernel], size: [size, size], stride, groups };
  }),
  { channels: 100, filters: 100, kernel: [5, 5], size: [1, 200], groups: 100 },
  { channels: 64, filters: 64, kernel: [3, 3], size: [2, 200], groups: 64 },
  { channels: 32, filters: 48, kernel: [1, 7], size: [1, 120] },
  { channels: 64, filters: 64, kernel: [1, 3], size: [1, 400] },
  { channels: 16, filters: 16, kernel: [5, 1], size: [90, 20] },
  { channels: 1, filters: 32, kernel: [1, 30], size: [1, 2000], stride: 4 },
  { channels: 1, filters: 1, kernel: [1, 100], size: [1, 3000], stride: 2 },
  { channels: 1, filters: 40, kernel: [1, 200], size: [1, 1000] },
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
