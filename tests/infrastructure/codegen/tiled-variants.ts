import { Tensor } from 'espalier/onnx';
import type { TiledKind } from '#dist/infrastructure/codegen/index.js';
import type { Variant } from './variants.js';

type Shape = readonly number[];
const x = (...fed: number[]) => ({ fed }) as const;
const w = (...random: number[]) => ({ random }) as const;
const scalar = (value: number, dtype: 'float32' | 'uint8') => ({ numbers: [value], shape: [], dtype }) as const;
const scales = Tensor.from('float32', [4], [1, 1, 2, 1.5]);
const ints = (...numbers: number[]) => ({ numbers, dtype: 'int64' }) as const;

/** A convolution of integers, of whose outputs each has a scale. */
const integers = (fed: Shape, random: Shape): Variant['inputs'] => [
  { fed, dtype: 'uint8' },
  scalar(0.02, 'float32'),
  scalar(128, 'uint8'),
  { random, dtype: 'int8' },
  { numbers: Array.from({ length: random[0] }, (_, channel) => 0.01 + channel / 1000), dtype: 'float32' },
  { numbers: new Array(random[0]).fill(0), dtype: 'int8' },
  scalar(2, 'float32'),
  scalar(120, 'uint8'),
  { numbers: Array.from({ length: random[0] }, (_, channel) => 40 * channel - 300), dtype: 'int32' },
];

/**
 * Small models of each kind of kernel. Sizes leave rests: channels that no block of lanes divides, and rows at whose ends taps lie outside of the input.
 */
export const tiledVariants: Readonly<Record<TiledKind, readonly Variant[]>> = {
  convolution: [
    { name: 'Conv', inputs: [x(1, 5, 7, 9), w(22, 5, 3, 3), w(22)], attributes: { pads: [1, 1, 1, 1] } },
    {
      name: 'Conv in groups, with strides',
      op: 'Conv',
      inputs: [x(2, 6, 8, 11), w(40, 3, 2, 3)],
      attributes: { group: 2, strides: [2, 2] },
    },
    {
      name: 'Conv and functions of its result',
      build: (build, draw) => {
        const sum = build.op('Conv', [build.input('x', 'float32', [1, 3, 5, 6]), draw([22, 3, 1, 1])]);
        return [build.op('Erf', [build.op('Tanh', [build.op('Mul', [sum, build.op('Sigmoid', [sum])])])])];
      },
    },
    { name: 'Conv of one tap', op: 'Conv', inputs: [x(1, 7, 3, 5), w(36, 7, 1, 1)] },
    { name: 'Conv along one axis', op: 'Conv', inputs: [x(1, 3, 19), w(10, 3, 4)], attributes: { dilations: [2], pads: [3, 2] } },
  ],
  integerConvolution: [
    {
      name: 'QLinearConv',
      inputs: integers([1, 5, 6, 7], [19, 5, 3, 3]),
      attributes: { pads: [1, 1, 1, 1] },
    },
  ],
  pairedConvolution: [{ name: 'QLinearConv of one tap', op: 'QLinearConv', inputs: integers([1, 11, 4, 5], [22, 11, 1, 1]) }],
  depthwise: [
    {
      name: 'Conv, depthwise',
      op: 'Conv',
      inputs: [x(1, 22, 6, 11), w(22, 1, 3, 3), w(22)],
      attributes: { group: 22, pads: [1, 1, 1, 1] },
    },
    {
      name: 'Conv, depthwise, with strides',
      op: 'Conv',
      inputs: [x(1, 40, 9, 12), w(40, 1, 3, 3)],
      attributes: { group: 40, strides: [2, 2] },
    },
    {
      name: 'Conv, depthwise, dilated',
      op: 'Conv',
      inputs: [x(1, 9, 9, 12), w(9, 1, 3, 5)],
      attributes: { group: 9, dilations: [2, 2], pads: [2, 4, 2, 4] },
    },
  ],
  transposedConvolution: [
    {
      name: 'ConvTranspose',
      inputs: [x(1, 6, 4, 5), w(6, 22, 3, 3), w(44)],
      attributes: { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1], group: 2 },
    },
    { name: 'ConvTranspose, dilated', op: 'ConvTranspose', inputs: [x(1, 5, 4, 5), w(5, 70, 2, 3)], attributes: { dilations: [2, 2] } },
  ],
  product: [
    { name: 'Gemm', inputs: [x(11, 13), w(38, 13), w(38)], attributes: { transB: 1 } },
    {
      name: 'MatMulInteger',
      inputs: [{ fed: [7, 30], dtype: 'uint8' }, { random: [30, 21], dtype: 'int8' }, scalar(117, 'uint8')],
    },
  ],
  vectorProduct: [
    { name: 'Gemm of one row', op: 'Gemm', inputs: [x(1, 21), w(150, 21), w(150)], attributes: { transB: 1 } },
    {
      name: 'MatMulInteger of one row',
      op: 'MatMulInteger',
      inputs: [{ fed: [1, 31], dtype: 'uint8' }, { random: [31, 40], dtype: 'int8' }, scalar(117, 'uint8')],
    },
  ],
  batchProduct: [
    { name: 'MatMul of data', op: 'MatMul', inputs: [x(2, 11, 13), x(2, 13, 38)] },
    {
      name: 'MatMul by a transposed one',
      build: (build) => [
        build.op('MatMul', [
          build.input('a', 'float32', [2, 9, 7]),
          build.op('Transpose', [build.input('b', 'float32', [2, 38, 7])], { perm: [0, 2, 1] }),
        ]),
      ],
    },
  ],
  pool: [
    { name: 'MaxPool', inputs: [x(1, 70, 7, 9)], attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 1] } },
    { name: 'AveragePool', inputs: [x(2, 22, 6, 8)], attributes: { kernel_shape: [2, 3], strides: [2, 2] } },
    { name: 'GlobalAveragePool', inputs: [x(1, 22, 5, 6)] },
  ],
  recurrent: [
    { name: 'LSTM', inputs: [x(3, 2, 5), w(1, 88, 5), w(1, 88, 22), w(1, 176)], attributes: { hidden_size: 22 }, outputs: 3 },
    { name: 'GRU', inputs: [x(3, 2, 5), w(1, 66, 5), w(1, 66, 22), w(1, 132)], attributes: { hidden_size: 22 }, outputs: 2 },
    { name: 'RNN', inputs: [x(3, 2, 5), w(1, 70, 5), w(1, 70, 70), w(1, 140)], attributes: { hidden_size: 70 }, outputs: 2 },
  ],
  lines: [
    { name: 'Softmax', inputs: [x(2, 9, 38)], attributes: { axis: 1 } },
    { name: 'ReduceMean', inputs: [x(2, 17, 38), ints(1)], attributes: { keepdims: 0 } },
    { name: 'ArgMax', inputs: [x(2, 7, 38)], attributes: { axis: 1 } },
    { name: 'CumSum', inputs: [x(5, 38), { numbers: [0], shape: [], dtype: 'int64' }] },
    { name: 'TopK', inputs: [x(7, 38), ints(4)], attributes: { axis: 0 }, outputs: 2 },
    { name: 'LpNormalization', inputs: [x(2, 9, 38)], attributes: { axis: 1 } },
  ],
  einsum: [{ name: 'Einsum', inputs: [x(3, 4), x(4, 38)], attributes: { equation: 'ij,jk->ik' } }],
  resize: [
    {
      name: 'Resize',
      // Channels lie together, for the convolution before it.
      build: (build, draw) => {
        const drawn = build.op('Conv', [build.input('x', 'float32', [1, 3, 4, 5]), draw([38, 3, 1, 1])]);
        return [build.op('Resize', [drawn, undefined, build.constant(scales)], { mode: 'linear' })];
      },
    },
  ],
};
