import { mobilenet, resnet8, surveyCnn } from 'espalier/architectures';
import { type DataType, Graph, type GraphBuilder, Model, Tensor, type Value } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';

/** A graph that is written, and what is fed to it. */
export interface WrittenCase {
  name: string;
  model: Model;
  inputs: Readonly<Record<string, Tensor>>;
}

/** Numbers between -1 and 1 that are the same everywhere: multiples of 1/64. */
export function numbers(shape: readonly number[], seed = 1): Tensor {
  const size = shape.reduce((product, each) => product * each, 1);
  return Tensor.from(
    'float32',
    shape,
    Array.from({ length: size }, (_, i) => ((((i + 1) * (37 + 2 * seed) + 11 * seed * seed) % 129) - 64) / 64),
  );
}

export type Build = (b: GraphBuilder, x: Value) => Value | readonly Value[];

export function graph(name: string, shape: readonly number[], build: Build): WrittenCase {
  const model = new Model(new Graph('case'), 21);
  const b = typedBuilder(model.graph, model.opsets);
  const x = b.input('x', 'float32', shape);
  const made = build(b, x);
  ('name' in made ? [made] : made).forEach((value, i) => {
    b.output(value, `y${i}`);
  });
  return { name, model, inputs: { x: numbers(shape, 3) } };
}

const weight = (b: GraphBuilder, shape: readonly number[], seed = 5) => b.parameter('weight', numbers(shape, seed));
const image = [1, 4, 6, 5];

/** Operators in floats, one or few in each graph. */
const floats: readonly WrittenCase[] = [
  graph('conv', image, (b, x) => b.op('Relu', [b.op('Conv', [x, weight(b, [6, 4, 3, 3]), weight(b, [6])], { pads: [1, 1, 1, 1] })])),
  graph('conv with pads of its own', image, (b, x) => b.op('Conv', [x, weight(b, [6, 4, 3, 3])], { pads: [2, 1, 0, 1], strides: [2, 1] })),
  graph('conv of the same size', [1, 4, 7, 7], (b, x) =>
    b.op('Conv', [x, weight(b, [6, 4, 3, 3])], { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
  ),
  graph('dilated conv', [1, 4, 9, 9], (b, x) => b.op('Conv', [x, weight(b, [6, 4, 3, 3])], { dilations: [2, 2] })),
  graph('grouped conv', image, (b, x) => b.op('Conv', [x, weight(b, [6, 2, 3, 3])], { group: 2 })),
  graph('depthwise conv', image, (b, x) =>
    b.op('Clip', [b.op('Conv', [x, weight(b, [8, 1, 3, 3]), weight(b, [8])], { group: 4, pads: [1, 1, 1, 1] }), b.scalar(0), b.scalar(6)]),
  ),
  graph('conv of rows', [1, 4, 9], (b, x) => b.op('Conv', [x, weight(b, [6, 4, 3])], { strides: [2], pads: [1, 1] })),
  graph('transposed conv', image, (b, x) => b.op('ConvTranspose', [x, weight(b, [4, 5, 2, 2]), weight(b, [5])], { strides: [2, 2] })),
  graph('max pool with a border', [1, 3, 8, 8], (b, x) =>
    b.op('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  ),
  graph('average pool', [1, 3, 8, 8], (b, x) => b.op('AveragePool', [x], { kernel_shape: [2, 2], strides: [2, 2] })),
  graph('global pools', image, (b, x) => [b.op('GlobalAveragePool', [x]), b.op('GlobalMaxPool', [x])]),
  graph('dense', [3, 7], (b, x) => b.op('Relu', [b.op('Gemm', [x, weight(b, [5, 7]), weight(b, [5])], { transB: 1 })])),
  graph('dense, not transposed', [3, 7], (b, x) => b.op('Gemm', [x, weight(b, [7, 5])])),
  graph('matrices', [2, 3, 7], (b, x) => [
    b.op('MatMul', [x, weight(b, [7, 5])]),
    b.op('MatMul', [x, b.op('Transpose', [x], { perm: [0, 2, 1] })]),
  ]),
  graph('flatten and dense', image, (b, x) => {
    const made = b.op('Conv', [x, weight(b, [3, 4, 3, 3])]);
    return b.op('Gemm', [b.op('Flatten', [made]), weight(b, [5, 36])], { transB: 1 });
  }),
  graph('flatten alone', image, (b, x) => b.op('Flatten', [b.op('Conv', [x, weight(b, [3, 4, 3, 3])])])),
  graph('sums of constants', image, (b, x) => {
    const made = b.op('Conv', [x, weight(b, [3, 4, 1, 1])]);
    return b.op('Mul', [b.op('Add', [made, weight(b, [3, 1, 1])]), b.op('Sub', [b.scalar(2), made])]);
  }),
  graph('quotients and powers', [2, 7], (b, x) => {
    const y = b.op('Add', [b.op('Abs', [x]), b.scalar(0.5)]);
    return [
      b.op('Div', [x, y]),
      b.op('Pow', [y, b.scalar(1.5)]),
      b.op('Reciprocal', [y]),
      b.op('Max', [x, y]),
      b.op('Min', [x, b.scalar(0.25)]),
    ];
  }),
  graph('functions', [2, 7], (b, x) => {
    const y = b.op('Add', [b.op('Abs', [x]), b.scalar(0.5)]);
    const one = [
      'Neg',
      'Exp',
      'Sin',
      'Cos',
      'Sign',
      'Floor',
      'Ceil',
      'Round',
      'Tanh',
      'Sigmoid',
      'Relu',
      'Elu',
      'HardSwish',
      'Softplus',
      'HardSigmoid',
    ];
    return [...one.map((op) => b.op(op, [x])), b.op('Log', [y]), b.op('Sqrt', [y])];
  }),
  graph('activations', image, (b, x) => [
    b.op('LeakyRelu', [x], { alpha: 0.25 }),
    b.op('PRelu', [x, weight(b, [4, 1, 1])]),
    b.op('Gelu', [x]),
    b.op('Gelu', [x], { approximate: 'tanh' }),
    b.op('Clip', [x, b.scalar(-0.5), b.scalar(0.25)]),
    b.op('Softmax', [x], { axis: 1 }),
    b.op('LogSoftmax', [x], { axis: -1 }),
  ]),
  graph('normalizations', image, (b, x) => [
    b.op('BatchNormalization', [
      x,
      weight(b, [4]),
      weight(b, [4]),
      weight(b, [4]),
      b.parameter('variance', Tensor.from('float32', [4], [1, 2, 0.5, 4])),
    ]),
    b.op('LayerNormalization', [x, weight(b, [5]), weight(b, [5])], { axis: -1 }),
  ]),
  graph('comparisons', [2, 7], (b, x) => {
    const y = b.constant(numbers([2, 7], 9));
    const bools = ['Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'Equal'].map((op) => b.op(op, [x, y]));
    return [
      b.op('Where', [b.op('And', [bools[0], b.op('Not', [bools[4]])]), x, y]),
      ...bools.map((each) => b.op('Cast', [each], { to: 1 })),
    ];
  }),
  graph('reductions after conv', image, (b, x) => {
    const made = b.op('Conv', [x, weight(b, [3, 4, 1, 1])]);
    return [
      b.op('ReduceMean', [made, b.ints([2, 3])], { keepdims: 0 }),
      b.op('ReduceSum', [made, b.ints([1])]),
      b.op('ReduceMax', [made, b.ints([3])], { keepdims: 0 }),
      b.op('ReduceMin', [x]),
      b.op('ReduceProd', [x, b.ints([-1])]),
    ];
  }),
  graph('shapes', image, (b, x) => [
    b.op('Reshape', [x, b.ints([2, -1])]),
    b.op('Squeeze', [b.op('Unsqueeze', [x, b.ints([1])]), b.ints([0])]),
    b.op('Transpose', [x], { perm: [0, 3, 1, 2] }),
    b.op('Expand', [x, b.ints([2, 4, 6, 5])]),
    b.op('Tile', [x, b.ints([1, 2, 1, 1])]),
    b.op('DepthToSpace', [x], { blocksize: 2 }),
  ]),
  graph('blocks', [1, 3, 4, 6], (b, x) => b.op('SpaceToDepth', [x], { blocksize: 2 })),
  graph('parts after conv', image, (b, x) => {
    const made = b.op('Conv', [x, weight(b, [6, 4, 1, 1])]);
    const [first, second] = b.node('Split', [made, b.ints([2, 4])], { axis: 1 }, { outputs: 2 });
    return [
      b.op('Concat', [second, first, x], { axis: 1 }),
      b.op('Slice', [made, b.ints([1, -2]), b.ints([5, -100]), b.ints([1, 3]), b.ints([2, -1])]),
      b.op('Pad', [made, b.ints([0, 0, 1, 2, 0, 0, 0, 1])]),
      b.op('Pad', [made, b.ints([0, 0, 1, 2, 0, 0, 0, 1]), b.scalar(1.5)]),
      b.op('Pad', [x, b.ints([0, 0, 1, 2, 0, 0, 0, 1])], { mode: 'reflect' }),
      b.op('Gather', [made, b.ints([2, -1])], { axis: 1 }),
      b.op('ArgMax', [made], { axis: 1, keepdims: 0 }),
      b.op('ArgMin', [x], { axis: 3 }),
    ];
  }),
  graph('sizes', [1, 3, 4, 5], (b, x) => [
    b.op('Resize', [x, undefined, undefined, b.ints([1, 3, 7, 8])], { mode: 'linear' }),
    b.op('Resize', [x, undefined, b.constant(Tensor.from('float32', [4], [1, 1, 2, 2]))], { mode: 'nearest' }),
    b.op('Resize', [x, undefined, undefined, b.ints([1, 3, 7, 9])], { mode: 'linear', coordinate_transformation_mode: 'align_corners' }),
  ]),
];

interface Grid {
  scale: number;
  zero: number;
}

/** A value in integers of 8 bits, and what these stand for. */
function rounded(b: GraphBuilder, value: Value, { scale, zero }: Grid, dtype: DataType = 'uint8'): Value {
  const parameters = [b.scalar(scale), b.scalar(zero, dtype)];
  return b.op('DequantizeLinear', [b.op('QuantizeLinear', [value, ...parameters]), ...parameters]);
}

/** A weight in int8 with a scale for each output along axis 0. */
function integers(b: GraphBuilder, shape: readonly number[], seed: number): { value: Value; scale: number[] } {
  const scale = Array.from({ length: shape[0] }, (_, i) => (i + 2) / 499);
  const stored = Tensor.from(
    'int8',
    shape,
    numbers(shape, seed)
      .numbers()
      .map((each) => each * 64),
  );
  const value = b.op('DequantizeLinear', [b.parameter('weight', stored), b.constant(Tensor.from('float32', [shape[0]], scale))], {
    axis: 0,
  });
  return { value, scale };
}

/** A bias in int32 on the grid of the products. */
function bias(b: GraphBuilder, scale: readonly number[], data: Grid): Value {
  const all = scale.map((each) => Math.fround(each * data.scale));
  const stored = Tensor.from(
    'int32',
    [all.length],
    all.map((_, i) => 40 * i - 90),
  );
  return b.op('DequantizeLinear', [b.parameter('bias', stored), b.constant(Tensor.from('float32', [all.length], all))], { axis: 0 });
}

function layer(b: GraphBuilder, x: Value, data: Grid, shape: readonly number[], seed: number, attributes = {}): Value {
  const { value, scale } = integers(b, shape, seed);
  return b.op(shape.length === 2 ? 'Gemm' : 'Conv', [x, value, bias(b, scale, data)], shape.length === 2 ? { transB: 1 } : attributes);
}

/** Graphs in integers, as quantizers write them; with scales by which nothing lies just between two integers, for kernels round halves in several ways. */
const whole: readonly WrittenCase[] = [
  graph('int8 network', [1, 3, 8, 8], (b, x) => {
    const [a, c, d, e, f] = [
      { scale: 0.0153, zero: 128 },
      { scale: 0.0291, zero: 0 },
      { scale: 0.0617, zero: 0 },
      { scale: 0.0391, zero: 100 },
      { scale: 0.0873, zero: 90 },
    ];
    const first = rounded(b, b.op('Relu', [layer(b, rounded(b, x, a), a, [8, 3, 3, 3], 4, { pads: [1, 1, 1, 1] })]), c);
    const deep = rounded(b, layer(b, first, c, [8, 1, 3, 3], 6, { group: 8, pads: [1, 1, 1, 1] }), e);
    const sum = rounded(b, b.op('Add', [deep, first]), e);
    const pooled = rounded(b, b.op('MaxPool', [sum], { kernel_shape: [2, 2], strides: [2, 2] }), e);
    const flat = rounded(b, b.op('Flatten', [pooled]), e);
    const hidden = rounded(b, b.op('Relu', [layer(b, flat, e, [12, 128], 8)]), d);
    const scores = rounded(b, layer(b, hidden, d, [5, 12], 9), f);
    return rounded(b, b.op('Softmax', [scores]), { scale: 1 / 256, zero: 0 });
  }),
  graph('int8 elementwise', [1, 4, 6, 6], (b, x) => {
    const [a, c] = [
      { scale: 0.0153, zero: -3 },
      { scale: 0.0291, zero: 5 },
    ];
    const first = rounded(b, x, a, 'int8');
    const product = rounded(b, b.op('Mul', [first, b.op('Sigmoid', [first])]), c, 'int8');
    const other = rounded(b, b.op('Sub', [rounded(b, b.op('Tanh', [first]), c, 'int8'), product]), c, 'int8');
    const joined = rounded(b, b.op('Concat', [product, other], { axis: 1 }), c, 'int8');
    const mean = rounded(b, b.op('ReduceMean', [joined, b.ints([2, 3])], { keepdims: 0 }), c, 'int8');
    return [joined, mean, rounded(b, b.op('LeakyRelu', [other], { alpha: 0.125 }), a, 'int8')];
  }),
  graph('int8 averages and parts on other grids', [1, 4, 6, 6], (b, x) => {
    const [a, c, d] = [
      { scale: 0.0153, zero: 128 },
      { scale: 0.0071, zero: 120 },
      { scale: 0.0237, zero: 110 },
    ];
    const first = rounded(b, x, a);
    const windows = rounded(b, b.op('AveragePool', [first], { kernel_shape: [2, 2], strides: [2, 2] }), c);
    const whole = rounded(b, b.op('GlobalAveragePool', [first]), c);
    const other = rounded(b, b.op('Relu', [first]), d);
    return [windows, whole, rounded(b, b.op('Concat', [first, other], { axis: 1 }), d)];
  }),
  graph('weights in integers beside floats', [1, 3, 8, 8], (b, x) => {
    const made = b.op('Relu', [b.op('Conv', [x, integers(b, [8, 3, 3, 3], 4).value])]);
    return b.op('Gemm', [b.op('Flatten', [b.op('GlobalAveragePool', [made])]), integers(b, [5, 8], 7).value], { transB: 1 });
  }),
];

/** Weights stored in fewer bits, as `quantize --weights` writes them. */
const stored: readonly WrittenCase[] = [
  graph('weights in integers that are cast', [1, 3, 8, 8], (b, x) => {
    const small = Tensor.from(
      'int8',
      [8, 3, 3, 3],
      numbers([8, 3, 3, 3], 4)
        .numbers()
        .map((each) => each * 64),
    );
    const scale = Tensor.from(
      'float32',
      [8, 1, 1, 1],
      Array.from({ length: 8 }, (_, i) => (i + 2) / 499),
    );
    const cast = b.op('Cast', [b.parameter('weight', small)], { to: 1 });
    return b.op('Conv', [x, b.op('Mul', [cast, b.constant(scale)])]);
  }),
  graph('weights in half precision', [1, 3, 8, 8], (b, x) => {
    const half = Tensor.from('float16', [8, 3, 3, 3], numbers([8, 3, 3, 3], 4).numbers());
    const made = b.op('Conv', [x, b.op('Cast', [b.parameter('weight', half)], { to: 1 })]);
    const bias = b.op('Cast', [b.parameter('bias', Tensor.from('float16', [8, 1, 1], numbers([8, 1, 1], 3).numbers()))], { to: 1 });
    return b.op('Add', [made, bias]);
  }),
];

/** Whole networks in floats, untrained. */
const networks: readonly WrittenCase[] = [surveyCnn, resnet8, mobilenet].map((architecture) => {
  const model = architecture.build({ input: [3, 32, 32], classes: 10, width: 0.25, seed: 1 });
  const [{ name }] = model.graph.feeds;
  return { name: architecture.name, model, inputs: { [name]: numbers([1, 3, 32, 32], 2) } };
});

export const writtenCases: readonly WrittenCase[] = [...floats, ...whole, ...stored, ...networks];
