import { Tensor } from '../../../../onnx/index.js';
import { data, ints, type Sample, weight } from './sample.js';

const IMAGES = [
  [1, 16, 6, 6],
  [1, 32, 14, 14],
  [1, 24, 40, 40],
  [1, 64, 28, 28],
  [1, 40, 80, 60],
];
const ROWS = [
  [1, 10],
  [4, 60],
  [16, 100],
  [8, 12, 50],
  [64, 256],
  [1, 300, 400],
];

const POOLS: readonly (readonly [kernel: number, stride: number])[] = [
  [2, 2],
  [3, 1],
  [3, 2],
  [5, 1],
];

/** Operators that make one number of many. */
export function reductionSamples(): Sample[] {
  const last = ints(-1);
  const spatial = ints(2, 3);
  const reduce = ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceL2', 'ReduceProd'];
  return [
    ...ROWS.flatMap((shape): Sample[] => [
      ...reduce.map((op) => ({ op, inputs: [data(...shape), last] })),
      ...['ReduceSum', 'ReduceMean', 'ReduceMax'].map((op) => ({
        op,
        inputs: [data(1, ...shape), ints(1)],
        attributes: { keepdims: 0 },
      })),
      ...['Softmax', 'LogSoftmax'].map((op) => ({ op, inputs: [data(...shape)] })),
      { op: 'ArgMax', inputs: [data(...shape)], attributes: { axis: -1 } },
      { op: 'CumSum', inputs: [data(...shape), Tensor.scalar('int64', 0)] },
      { op: 'TopK', inputs: [data(...shape), ints(5)], outputs: 2 },
      { op: 'LayerNormalization', inputs: [data(...shape), weight(shape[shape.length - 1]), weight(shape[shape.length - 1])] },
    ]),
    ...IMAGES.flatMap((shape): Sample[] => [
      ...reduce.slice(0, 3).map((op) => ({ op, inputs: [data(...shape), spatial] })),
      ...['GlobalAveragePool', 'GlobalMaxPool'].map((op) => ({ op, inputs: [data(...shape)] })),
      ...POOLS.flatMap(([kernel, stride]) => {
        const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: new Array(4).fill(kernel >> 1) };
        return [
          ...['MaxPool', 'AveragePool'].map((op) => ({ op, inputs: [data(...shape)], attributes })),
          { op: 'MaxPool', inputs: [{ shape, dtype: 'uint8' as const }], attributes },
        ];
      }),
    ]),
  ];
}
