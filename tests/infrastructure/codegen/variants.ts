import type { Random } from 'espalier/base';
import { type AttributeLike, type DataType, floatAttribute, GraphBuilder, Model, Tensor, type Value } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';

type Shape = readonly number[];

/** An input of a node: fed as the model runs, random numbers that are constant, or numbers that are given. */
type Given =
  | { readonly fed: Shape; readonly dtype?: DataType }
  | { readonly random: Shape; readonly dtype?: DataType }
  | { readonly numbers: readonly number[]; readonly shape?: Shape; readonly dtype: DataType }
  | undefined;

/** A model of one node, or what a function makes. */
export interface Variant {
  readonly name: string;
  readonly op?: string;
  readonly inputs?: readonly Given[];
  readonly attributes?: Readonly<Record<string, AttributeLike>>;
  readonly outputs?: number;
  readonly domain?: string;
  readonly build?: (build: GraphBuilder, draw: (shape: Shape) => Value) => readonly Value[];
  /** Integers that are fed are drawn below this. */
  readonly below?: number;
}

export function modelOf({ name, op, inputs = [], attributes, outputs = 1, domain = '', build }: Variant, random: Random): Model {
  const model = new Model(new GraphBuilder().graph);
  model.opsets.set('', 21);
  model.irVersion = 10;
  if (domain) model.opsets.set(domain, 1);
  const builder = typedBuilder(model.graph, model.opsets);
  const constant = (shape: Shape, dtype: DataType = 'float32') => {
    const size = shape.reduce((all, each) => all * each, 1);
    const draw = () =>
      /float/.test(dtype) ? random.normal() * 0.5 : random.integer(dtype === 'uint8' ? 256 : 128) - (dtype === 'int8' ? 64 : 0);
    return builder.constant(Tensor.from(dtype, shape, Float64Array.from({ length: size }, draw)));
  };
  const made = build
    ? build(builder, constant)
    : builder.node(
        op ?? name,
        inputs.map((given, index) => {
          if (!given) return undefined;
          if ('fed' in given) return builder.input(`x${index}`, given.dtype ?? 'float32', given.fed);
          if ('random' in given) return constant(given.random, given.dtype);
          return builder.constant(Tensor.from(given.dtype, given.shape ?? [given.numbers.length], given.numbers));
        }),
        attributes,
        { outputs, domain },
      );
  for (const [index, value] of made.entries()) builder.output(value, `y${index}`);
  return model;
}

const float = floatAttribute;
const ints = (...numbers: number[]): Given => ({ numbers, dtype: 'int64' });
const scalar = (value: number, dtype: DataType): Given => ({ numbers: [value], shape: [], dtype });
const x = (...fed: number[]): Given => ({ fed });
const w = (...random: number[]): Given => ({ random });
const int8 = (...fed: number[]): Given => ({ fed, dtype: 'int8' });
const uint8 = (...fed: number[]): Given => ({ fed, dtype: 'uint8' });

/** Inputs of an LSTM, GRU or RNN of 5 inputs and 6 units over 4 steps of 2 sequences. */
const cell = (gates: number, directions: number, ...more: Given[]): Given[] => [
  x(4, 2, 5),
  w(directions, gates * 6, 5),
  w(directions, gates * 6, 6),
  w(directions, 2 * gates * 6),
  ...more,
];
const lengths: Given = { numbers: [4, 2], dtype: 'int32' };

/** A layer between a DequantizeLinear and a QuantizeLinear of one grid. */
function between(make: (build: GraphBuilder, x: Value) => Value, shape: Shape): Variant['build'] {
  return (build) => {
    const [scale, zero] = [build.constant(Tensor.from('float32', [], [0.05])), build.constant(Tensor.from('int8', [], [3]))];
    const moved = make(build, build.op('DequantizeLinear', [build.input('x', 'int8', shape), scale, zero]));
    return [build.op('QuantizeLinear', [moved, scale, zero])];
  };
}

export const variants: readonly Variant[] = [
  {
    name: 'LSTM, both directions, lengths, states, peepholes',
    op: 'LSTM',
    inputs: cell(4, 2, lengths, w(2, 2, 6), w(2, 2, 6), w(2, 18)),
    attributes: { hidden_size: 6, direction: 'bidirectional' },
    outputs: 3,
  },
  {
    name: 'LSTM in reverse, clipped',
    op: 'LSTM',
    inputs: cell(4, 1),
    attributes: { hidden_size: 6, direction: 'reverse', clip: float(0.3) },
    outputs: 3,
  },
  {
    name: 'LSTM whose weights are fed',
    op: 'LSTM',
    inputs: [x(4, 2, 5), x(1, 24, 5), x(1, 24, 6), x(1, 48)],
    attributes: { hidden_size: 6 },
    outputs: 3,
  },
  {
    name: 'LSTM with other activations',
    op: 'LSTM',
    inputs: cell(4, 1),
    attributes: { hidden_size: 6, activations: ['HardSigmoid', 'Softsign', 'Relu'] },
    outputs: 3,
  },
  {
    name: 'GRU, both directions, lengths',
    op: 'GRU',
    inputs: cell(3, 2, lengths, w(2, 2, 6)),
    attributes: { hidden_size: 6, direction: 'bidirectional' },
    outputs: 2,
  },
  {
    name: 'GRU, linear before reset',
    op: 'GRU',
    inputs: cell(3, 2),
    attributes: { hidden_size: 6, direction: 'bidirectional', linear_before_reset: 1 },
    outputs: 2,
  },
  {
    name: 'RNN in reverse with Relu',
    op: 'RNN',
    inputs: cell(1, 1),
    attributes: { hidden_size: 6, direction: 'reverse', activations: ['Relu'] },
    outputs: 2,
  },
  {
    name: 'ConvTranspose, strides and output padding in groups',
    op: 'ConvTranspose',
    inputs: [x(2, 6, 5, 4), w(6, 3, 3, 4), w(6)],
    attributes: { strides: [2, 3], pads: [1, 0, 1, 2], output_padding: [1, 2], group: 2 },
  },
  {
    name: 'ConvTranspose, dilated',
    op: 'ConvTranspose',
    inputs: [x(1, 3, 6, 5), w(3, 9, 3, 2)],
    attributes: { strides: [2, 1], dilations: [2, 3], pads: [1, 1, 0, 0] },
  },
  {
    name: 'ConvTranspose of a given shape',
    op: 'ConvTranspose',
    inputs: [x(1, 2, 7), w(2, 4, 5)],
    attributes: { strides: [3], output_shape: [20] },
  },
  {
    name: 'Conv whose weights are fed',
    op: 'Conv',
    inputs: [x(1, 4, 6, 6), x(10, 2, 3, 3), x(10)],
    attributes: { group: 2, pads: [1, 1, 1, 1] },
  },
  {
    name: 'Conv 3-D, dilated',
    op: 'Conv',
    inputs: [x(1, 3, 6, 7, 5), w(4, 3, 2, 3, 2)],
    attributes: { dilations: [2, 1, 2], pads: [1, 0, 1, 0, 1, 1] },
  },
  { name: 'DFT of 512 real points', op: 'DFT', inputs: [x(2, 512, 1), undefined, scalar(1, 'int64')], attributes: { onesided: 1 } },
  { name: 'DFT of 100 real points', op: 'DFT', inputs: [x(2, 100, 1), undefined, scalar(1, 'int64')], attributes: { onesided: 1 } },
  { name: 'DFT of 64 complex points, back', op: 'DFT', inputs: [x(2, 64, 2), undefined, scalar(1, 'int64')], attributes: { inverse: 1 } },
  { name: 'DFT of 32 real points, whole', op: 'DFT', inputs: [x(1, 32, 3, 1), undefined, scalar(1, 'int64')] },
  {
    name: 'DFT of a longer length',
    op: 'DFT',
    inputs: [x(1, 12, 1), scalar(16, 'int64'), scalar(1, 'int64')],
    attributes: { onesided: 1 },
  },
  { name: 'STFT, frames of 256', op: 'STFT', inputs: [x(1, 1000, 1), scalar(100, 'int64'), w(256)] },
  { name: 'STFT, frames of 60', op: 'STFT', inputs: [x(1, 200, 1), scalar(20, 'int64'), w(60)] },
  {
    name: 'Resize, cubic',
    op: 'Resize',
    inputs: [x(1, 3, 5, 6), undefined, undefined, ints(1, 3, 9, 4)],
    attributes: { mode: 'cubic', coordinate_transformation_mode: 'half_pixel' },
  },
  {
    name: 'Resize, linear and antialiased',
    op: 'Resize',
    inputs: [x(1, 3, 12, 10), undefined, undefined, ints(1, 3, 5, 4)],
    attributes: { mode: 'linear', antialias: 1 },
  },
  {
    name: 'Resize of bytes, nearest',
    op: 'Resize',
    inputs: [uint8(1, 2, 4, 3), undefined, { numbers: [1, 1, 2, 3], dtype: 'float32' }],
    attributes: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
  },
  { name: 'Pad, reflect', op: 'Pad', inputs: [x(2, 3, 5), ints(0, 1, 2, 0, 2, 3)], attributes: { mode: 'reflect' } },
  { name: 'Pad, wrap', op: 'Pad', inputs: [x(2, 5), ints(0, 3, 0, 4)], attributes: { mode: 'wrap' } },
  { name: 'Pad, also less', op: 'Pad', inputs: [x(4, 6), ints(-1, 2, 1, -2), scalar(0.5, 'float32')] },
  { name: 'TopK, smallest along the first axis', op: 'TopK', inputs: [x(7, 3), ints(4)], attributes: { axis: 0, largest: 0 }, outputs: 2 },
  { name: 'GatherND', inputs: [x(3, 4, 5), { fed: [2, 2], dtype: 'int64' }], below: 3 },
  { name: 'Gather by data', op: 'Gather', inputs: [x(6, 4, 3), { fed: [2, 5], dtype: 'int32' }], attributes: { axis: 1 }, below: 4 },
  {
    name: 'ScatterND, add',
    op: 'ScatterND',
    inputs: [x(5, 4), { numbers: [1, 3, 1], shape: [3, 1], dtype: 'int64' }, x(3, 4)],
    attributes: { reduction: 'add' },
  },
  { name: 'CumSum along the first axis', op: 'CumSum', inputs: [x(5, 9), scalar(0, 'int64')], attributes: { reverse: 1 } },
  { name: 'Einsum, with a repeated label', op: 'Einsum', inputs: [x(3, 4, 4), x(4, 5)], attributes: { equation: 'bii,ij->bj' } },
  { name: 'Einsum of three', op: 'Einsum', inputs: [x(3, 4), x(4, 5), x(5, 6)], attributes: { equation: 'ij,jk,kl->il' } },
  { name: 'Softmax along channels', op: 'Softmax', inputs: [x(2, 19, 3)], attributes: { axis: 1 } },
  { name: 'ReduceMean of places', op: 'ReduceMean', inputs: [x(2, 37, 5), ints(1)], attributes: { keepdims: 0 } },
  {
    name: 'Add of integers that goes round',
    op: 'Add',
    inputs: [
      { numbers: [2147483600, -2147483600, 5], dtype: 'int32' },
      { fed: [3], dtype: 'int32' },
    ],
  },
  {
    name: 'Mul of integers that goes round',
    op: 'Mul',
    inputs: [
      { numbers: [65535, 60000, 5], dtype: 'int32' },
      { fed: [3], dtype: 'int32' },
    ],
    below: 65536,
  },
  {
    name: 'bytes whose bits are turned before they are floats',
    build: (build) => [build.op('Cast', [build.op('BitwiseNot', [build.input('a', 'uint8', [64])])], { to: 1 })],
  },
  {
    name: 'MatMul by a transposed one',
    build: (build) => [
      build.op('MatMul', [
        build.input('a', 'float32', [2, 5, 7]),
        build.op('Transpose', [build.input('b', 'float32', [2, 9, 7])], { perm: [0, 2, 1] }),
      ]),
    ],
  },
  {
    name: 'MatMulInteger, zero points',
    op: 'MatMulInteger',
    inputs: [uint8(5, 300), { random: [300, 9], dtype: 'int8' }, scalar(117, 'uint8'), scalar(5, 'int8')],
  },
  { name: 'MatMulInteger of data', op: 'MatMulInteger', inputs: [uint8(2, 5, 30), int8(2, 30, 9), scalar(117, 'uint8')] },
  {
    name: 'ConvInteger, zero points',
    op: 'ConvInteger',
    inputs: [uint8(1, 3, 6, 6), { random: [5, 3, 3, 3], dtype: 'int8' }, scalar(100, 'uint8'), scalar(0, 'int8')],
    attributes: { pads: [1, 1, 1, 1] },
  },
  {
    name: 'QLinearAdd',
    domain: 'com.microsoft',
    inputs: [
      uint8(3, 4),
      scalar(0.1, 'float32'),
      scalar(120, 'uint8'),
      uint8(3, 4),
      scalar(0.05, 'float32'),
      scalar(3, 'uint8'),
      scalar(0.12, 'float32'),
      scalar(90, 'uint8'),
    ],
  },
  {
    name: 'QLinearConv',
    inputs: [
      uint8(1, 3, 6, 6),
      scalar(0.02, 'float32'),
      scalar(128, 'uint8'),
      { random: [5, 3, 3, 3], dtype: 'int8' },
      { numbers: [0.01, 0.02, 0.005, 0.01, 0.03], dtype: 'float32' },
      { numbers: [0, 0, 0, 0, 0], dtype: 'int8' },
      scalar(0.1, 'float32'),
      scalar(120, 'uint8'),
      { numbers: [10, -20, 300, 0, 5], dtype: 'int32' },
    ],
  },
  {
    name: 'moves on integers: MaxPool',
    build: between((build, each) => build.op('MaxPool', [each], { kernel_shape: [2, 2], pads: [1, 1, 0, 0] }), [1, 3, 6, 6]),
  },
  {
    name: 'moves on integers: Pad',
    build: between((build, each) => build.op('Pad', [each, build.ints([0, 0, 1, 1, 0, 0, 1, 2])]), [1, 3, 4, 4]),
  },
  {
    name: 'moves on integers: Transpose and Concat',
    build: between(
      (build, each) =>
        build.op('Concat', [build.op('Transpose', [each], { perm: [1, 0] }), build.op('Transpose', [each], { perm: [1, 0] })], { axis: 1 }),
      [4, 5],
    ),
  },
];
