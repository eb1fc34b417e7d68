import { Tensor } from '../../../../onnx/index.js';
import { data, type Sample, type SampleInput, weight } from './sample.js';

/** From a single number, with and without an axis, to more than a core's own cache holds. */
const SHAPES: readonly (readonly number[])[] = [
  [],
  [1],
  [1, 24],
  [1, 40, 8],
  [1, 64, 8, 8],
  [1, 30, 30, 20],
  [1, 48, 36, 36],
  [1, 28, 100, 80],
  [1, 36, 160, 110],
];

const UNARY = [
  'Relu',
  'LeakyRelu',
  'Elu',
  'Sigmoid',
  'HardSigmoid',
  'HardSwish',
  'Tanh',
  'Exp',
  'Log',
  'Sqrt',
  'Neg',
  'Reciprocal',
  'Erf',
  'Softplus',
  'Gelu',
  'Floor',
  'Sin',
];
const BINARY = ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Less', 'Greater', 'Equal'];

/** The same, one number for each channel, or one for all. */
function others(shape: readonly number[]): SampleInput[] {
  const perChannel = shape.length > 2 ? [weight(shape[1], ...shape.slice(2).map(() => 1))] : [];
  return [data(...shape), ...perChannel, Tensor.scalar('float32', 0.5)];
}

/** Operators that take numbers one by one. */
export function elementwiseSamples(): Sample[] {
  const unary = UNARY.flatMap((op) => SHAPES.map((shape): Sample => ({ op, inputs: [data(...shape)] })));
  const binary = BINARY.flatMap((op) =>
    SHAPES.flatMap((shape) => others(shape).map((other): Sample => ({ op, inputs: [data(...shape), other] }))),
  );
  const rest = SHAPES.flatMap((shape): Sample[] => [
    { op: 'Pow', inputs: [data(...shape), Tensor.scalar('float32', 2)] },
    { op: 'Clip', inputs: [data(...shape), Tensor.scalar('float32', 0.1), Tensor.scalar('float32', 6)] },
    { op: 'Where', inputs: [{ shape, dtype: 'bool' }, data(...shape), data(...shape)] },
    { op: 'Not', inputs: [{ shape, dtype: 'bool' }] },
    { op: 'Cast', inputs: [data(...shape)], attributes: { to: 7 } },
    { op: 'Cast', inputs: [{ shape, dtype: 'int64' }], attributes: { to: 1 } },
    { op: 'Cast', inputs: [{ shape, dtype: 'int32' }], attributes: { to: 1 } },
    { op: 'Cast', inputs: [data(...shape)], attributes: { to: 6 } },
    { op: 'Cast', inputs: [{ shape, dtype: 'int64' }], attributes: { to: 6 } },
    { op: 'QuantizeLinear', inputs: [data(...shape), Tensor.scalar('float32', 0.02), Tensor.scalar('uint8', 3)] },
    { op: 'DequantizeLinear', inputs: [{ shape, dtype: 'uint8' }, Tensor.scalar('float32', 0.02), Tensor.scalar('uint8', 3)] },
    { op: 'DynamicQuantizeLinear', inputs: [data(...shape)], outputs: 3 },
  ]);
  const normalized = SHAPES.filter(({ length }) => length === 4).flatMap((shape): Sample[] => {
    const channel = Tensor.from('float32', [shape[1]], new Array(shape[1]).fill(0.5));
    return [
      { op: 'BatchNormalization', inputs: [data(...shape), channel, channel, channel, channel] },
      { op: 'InstanceNormalization', inputs: [data(...shape), channel, channel] },
      { op: 'PRelu', inputs: [data(...shape), weight(shape[1], 1, 1)] },
    ];
  });
  return [...unary, ...binary, ...rest, ...normalized];
}
