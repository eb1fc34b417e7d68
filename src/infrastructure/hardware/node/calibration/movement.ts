import { Tensor } from '../../../../onnx/index.js';
import { data, ints, type Sample, type SampleInput, weight } from './sample.js';

const IMAGES = [
  [1, 4, 3, 3],
  [1, 16, 6, 6],
  [1, 32, 12, 12],
  [1, 24, 40, 40],
  [1, 48, 52, 52],
  [1, 40, 100, 90],
];
const MATRICES = [
  [2, 6],
  [10, 40],
  [50, 64],
  [120, 256],
  [400, 300],
];

/** Operators that move numbers, or look at them in another shape. */
export function movementSamples(): Sample[] {
  return [...IMAGES.flatMap(ofImage), ...MATRICES.flatMap(ofMatrix), ...ofShapes()];
}

function ofImage([n, c, h, w]: readonly number[]): Sample[] {
  const image = data(n, c, h, w);
  return [
    ...[
      [0, 2, 3, 1],
      [0, 3, 1, 2],
      [0, 2, 1, 3],
      [0, 1, 3, 2],
      [0, 3, 2, 1],
    ].map((perm) => ({ op: 'Transpose', inputs: [image], attributes: { perm } })),
    { op: 'Transpose', inputs: [data(1, 2, 2, c / 4, h, w)], attributes: { perm: [0, 3, 4, 1, 5, 2] } },
    { op: 'Concat', inputs: new Array<SampleInput>(6).fill(data(n, c, h, 1)), attributes: { axis: 3 } },
    ...channelShuffles([n, c, h, w]),
    ...[2, 4].map((parts) => ({ op: 'Concat', inputs: new Array<SampleInput>(parts).fill(image), attributes: { axis: 1 } })),
    { op: 'Concat', inputs: [image, image], attributes: { axis: 3 } },
    { op: 'Split', inputs: [image], attributes: { axis: 1, num_outputs: 2 }, outputs: 2 },
    { op: 'Slice', inputs: [image, ints(0), ints(c / 2), ints(1)] },
    { op: 'Slice', inputs: [image, ints(0, 0), ints(h, w), ints(2, 3), ints(2, 2)] },
    { op: 'Pad', inputs: [image, ints(0, 0, 1, 1, 0, 0, 1, 1)] },
    { op: 'Resize', inputs: [image, undefined, Tensor.from('float32', [4], [1, 1, 2, 2])], attributes: { mode: 'nearest' } },
    { op: 'Resize', inputs: [image, undefined, Tensor.from('float32', [4], [1, 1, 2, 2])], attributes: { mode: 'linear' } },
    { op: 'DepthToSpace', inputs: [image], attributes: { blocksize: 2 } },
    { op: 'Expand', inputs: [data(n, c, 1, 1), ints(n, c, h, w)] },
    { op: 'Reshape', inputs: [image, ints(n, -1)] },
    { op: 'Reshape', inputs: [image, ints(n, c, h * w)] },
    { op: 'Reshape', inputs: [image, ints(n, c, h * w)], atEdge: true },
    { op: 'Unsqueeze', inputs: [image, ints(0)], atEdge: true },
    { op: 'Squeeze', inputs: [image, ints(0)], atEdge: true },
    { op: 'Flatten', inputs: [image], atEdge: true },
    { op: 'Flatten', inputs: [image] },
    { op: 'Unsqueeze', inputs: [image, ints(0)] },
    { op: 'Squeeze', inputs: [image, ints(0)] },
  ];
}

/** Channels of two halves taken in turns, as ShuffleNet does, of floats and of bytes. */
function channelShuffles([n, c, h, w]: readonly number[]): Sample[] {
  return (['float32', 'uint8'] as const).map((dtype) => {
    return { op: 'Transpose', inputs: [{ shape: [n, 2, c / 2, h, w], dtype }], attributes: { perm: [0, 2, 1, 3, 4] } };
  });
}

function ofMatrix([rows, columns]: readonly number[]): Sample[] {
  const few = ints(0, 1, 0, 1, 1, 0, 1, 0);
  return [
    { op: 'Transpose', inputs: [data(rows, columns)], attributes: { perm: [1, 0] } },
    { op: 'Gather', inputs: [weight(rows, columns), { shape: [24], dtype: 'int64' }] },
    { op: 'Gather', inputs: [data(rows, columns), Tensor.scalar('int64', 1)] },
    { op: 'Gather', inputs: [data(rows, columns), few], attributes: { axis: 1 } },
    { op: 'Gather', inputs: [data(2, 1, rows, columns), Tensor.scalar('int64', 1)] },
    { op: 'Gather', inputs: [data(4, rows, columns), ints(1, 2)] },
    { op: 'Transpose', inputs: [data(rows, 1, columns)], attributes: { perm: [1, 0, 2] } },
    { op: 'Transpose', inputs: [data(rows, 2, 1, columns)], attributes: { perm: [0, 2, 1, 3] } },
    { op: 'Transpose', inputs: [data(1, rows, 8, columns >> 2)], attributes: { perm: [0, 2, 1, 3] } },
    { op: 'Transpose', inputs: [data(1, rows, columns)], attributes: { perm: [0, 2, 1] } },
    { op: 'Expand', inputs: [data(1, rows, columns), ints(1, rows, columns)] },
    { op: 'Expand', inputs: [data(rows, 1), ints(rows, columns)] },
    { op: 'Tile', inputs: [data(rows, columns), ints(2, 3)] },
    { op: 'ScatterElements', inputs: [data(rows, columns), Tensor.from('int64', [1, 4], [0, 1, 0, 1]), data(1, 4)] },
    { op: 'Concat', inputs: [data(rows, columns), data(rows, columns)], attributes: { axis: 0 } },
    { op: 'Slice', inputs: [data(rows, columns), ints(0), ints(2), ints(1)] },
    { op: 'Concat', inputs: [data(rows * columns, 2), data(rows * columns, 2)], attributes: { axis: 1 } },
    { op: 'Slice', inputs: [data(rows * columns, 4), ints(0), ints(2), ints(1)] },
    { op: 'Unsqueeze', inputs: [data(rows, columns), ints(0)] },
    { op: 'Reshape', inputs: [data(rows, columns), ints(-1)] },
  ];
}

/** What computes shapes: a few integers. */
function ofShapes(): Sample[] {
  const shape: SampleInput = { shape: [4], dtype: 'int64' };
  const one: SampleInput = { shape: [1], dtype: 'int64' };
  return [
    { op: 'Gather', inputs: [shape, Tensor.scalar('int64', 1)] },
    { op: 'Gather', inputs: [shape, ints(1)] },
    { op: 'Concat', inputs: [one, one, one], attributes: { axis: 0 } },
    { op: 'Slice', inputs: [shape, ints(0), ints(2)] },
    ...['Add', 'Mul', 'Div', 'Sub'].map((op) => ({ op, inputs: [one, ints(3)] })),
    { op: 'Cast', inputs: [one], attributes: { to: 6 } },
    { op: 'Unsqueeze', inputs: [one, ints(0)] },
    { op: 'Squeeze', inputs: [one, ints(0)] },
    { op: 'Range', inputs: [Tensor.scalar('int64', 0), { shape: [], dtype: 'int64' }, Tensor.scalar('int64', 1)] },
    { op: 'ConstantOfShape', inputs: [shape] },
    ...[
      [1, 2, 3],
      [1, 40],
      [1, 16, 20, 20],
      [1, 64, 40, 40],
    ].map((sizes) => ({ op: 'Shape', inputs: [{ shape: sizes, open: true }] })),
  ];
}
