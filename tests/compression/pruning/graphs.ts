import { Random, sizeOf } from 'espalier/base';
import { Graph, type GraphBuilder, Model, SymbolicDim, Tensor, type Value } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';

const random = new Random(11);

/** Random weights of a shape. */
export function weights(shape: readonly number[]): Tensor {
  const scale = 1 / Math.sqrt(sizeOf(shape.slice(1)) || 1);
  return Tensor.from(
    'float32',
    shape,
    Array.from({ length: sizeOf(shape) }, () => random.normal() * scale),
  );
}

/** A builder with layers over images and vectors. */
export class Layers {
  readonly build: GraphBuilder;
  #count = 0;

  constructor(build: GraphBuilder) {
    this.build = build;
  }

  weight(shape: readonly number[], name = 'w'): Value {
    return this.build.parameter(`${name}${++this.#count}`, weights(shape));
  }

  conv(x: Value, channels: number, options: { kernel?: number; group?: number; bias?: boolean; name?: string } = {}): Value {
    const { kernel = 3, group = 1, bias = true, name = 'w' } = options;
    const weight = this.weight([channels, Number(x.shape?.[1]) / group, kernel, kernel], name);
    const inputs = bias ? [x, weight, this.weight([channels], 'b')] : [x, weight];
    const pad = (kernel - 1) / 2;
    return this.build.op('Conv', inputs, { kernel_shape: [kernel, kernel], pads: [pad, pad, pad, pad], group });
  }

  norm(x: Value): Value {
    const channels = Number(x.shape?.[1]);
    const positive = Tensor.from(
      'float32',
      [channels],
      Array.from({ length: channels }, (_, i) => 0.5 + (i % 5) / 4),
    );
    const variance = this.build.parameter(`v${++this.#count}`, positive);
    return this.build.op('BatchNormalization', [
      x,
      this.weight([channels], 's'),
      this.weight([channels], 'b'),
      this.weight([channels], 'm'),
      variance,
    ]);
  }

  relu(x: Value): Value {
    return this.build.op('Relu', [x]);
  }

  /** Global pool and a dense layer of 5 outputs. */
  head(x: Value): Value {
    return this.dense(this.build.op('Flatten', [this.build.op('GlobalAveragePool', [x])], { axis: 1 }), 5);
  }

  dense(x: Value, features: number): Value {
    return this.build.op('Gemm', [x, this.weight([features, Number(x.shape?.[1])]), this.weight([features], 'b')], { transB: 1 });
  }
}

/** A model with one float input "x" and one output "y". */
export function modelOf(shape: readonly number[], write: (layers: Layers, x: Value) => Value, opset = 21): Model {
  const model = new Model(new Graph('test'), opset);
  const build = typedBuilder(model.graph, model.opsets);
  const layers = new Layers(build);
  const x = build.input('x', 'float32', [SymbolicDim.named('N'), ...shape]);
  build.output(write(layers, x), 'y');
  return model;
}

const image = [3, 8, 8];

/** Graphs in which every kind of tie occurs, by what they show. */
export const graphs: Readonly<Record<string, () => Model>> = {
  'plain convolutions with normalization': () => modelOf(image, (l, x) => l.head(l.relu(l.norm(l.conv(l.relu(l.norm(l.conv(x, 8))), 12))))),
  'residual connection': () =>
    modelOf(image, (l, x) => {
      const stem = l.relu(l.norm(l.conv(x, 8)));
      const block = l.norm(l.conv(l.relu(l.norm(l.conv(stem, 6))), 8));
      return l.head(l.relu(l.build.op('Add', [stem, block])));
    }),
  'dense connections by Concat': () =>
    modelOf(image, (l, x) => {
      const a = l.relu(l.conv(x, 4));
      const b = l.relu(l.conv(a, 5));
      const ab = l.build.op('Concat', [a, b], { axis: 1 });
      const c = l.relu(l.conv(l.norm(ab), 6));
      return l.head(l.build.op('Concat', [ab, c], { axis: 1 }));
    }),
  'inverted residual with squeeze-and-excite': () =>
    modelOf(image, (l, x) => {
      const stem = l.conv(x, 8);
      const wide = l.build.op('HardSwish', [l.norm(l.conv(stem, 16, { kernel: 1 }))]);
      const deep = l.build.op('HardSwish', [l.norm(l.conv(wide, 16, { group: 16 }))]);
      const squeezed = l.relu(l.conv(l.build.op('GlobalAveragePool', [deep]), 4, { kernel: 1 }));
      const gate = l.build.op('HardSigmoid', [l.conv(squeezed, 16, { kernel: 1 })]);
      const narrow = l.norm(l.conv(l.build.op('Mul', [deep, gate]), 8, { kernel: 1 }));
      return l.head(l.build.op('Add', [stem, narrow]));
    }),
  'Flatten before a dense layer': () =>
    modelOf(image, (l, x) => {
      const pooled = l.build.op('MaxPool', [l.relu(l.conv(x, 6))], { kernel_shape: [2, 2], strides: [2, 2] });
      return l.dense(l.relu(l.dense(l.build.op('Flatten', [pooled], { axis: 1 }), 10)), 5);
    }),
  'Reshape to a constant shape before MatMul and Add': () =>
    modelOf(image, (l, x) => {
      const flat = l.build.op('Reshape', [l.relu(l.conv(x, 6)), l.build.ints([0, 384])]);
      const hidden = l.build.op('Add', [l.build.op('MatMul', [flat, l.weight([384, 10])]), l.weight([10])]);
      return l.build.op('Add', [l.build.op('MatMul', [l.relu(hidden), l.weight([10, 5])]), l.weight([1, 5])]);
    }),
  'Reshape to a computed shape': () =>
    modelOf(image, (l, x) => {
      const features = l.relu(l.conv(x, 6));
      const batch = l.build.op('Gather', [l.build.op('Shape', [features]), l.build.ints([0])], { axis: 0 });
      const flat = l.build.op('Reshape', [features, l.build.op('Concat', [batch, l.build.ints([-1])], { axis: 0 })]);
      return l.dense(flat, 5);
    }),
  'convolution in groups': () =>
    modelOf(image, (l, x) => l.head(l.relu(l.conv(l.relu(l.conv(l.relu(l.conv(x, 8)), 12, { group: 4 })), 6)))),
  'channel shuffle': () =>
    modelOf(image, (l, x) => {
      const stem = l.relu(l.conv(x, 8));
      const apart = l.build.op('Reshape', [stem, l.build.ints([0, 2, 4, 8, 8])]);
      const mixed = l.build.op('Reshape', [l.build.op('Transpose', [apart], { perm: [0, 2, 1, 3, 4] }), l.build.ints([0, 8, 8, 8])]);
      return l.head(l.relu(l.conv(mixed, 6)));
    }),
  'Split into two branches': () =>
    modelOf(image, (l, x) => {
      const [a, b] = l.build.node('Split', [l.relu(l.conv(x, 10)), l.build.ints([6, 4])], { axis: 1 }, { outputs: 2 });
      return l.head(l.build.op('Concat', [l.relu(l.conv(a, 5)), b], { axis: 1 }));
    }),
  'Slice of channels': () =>
    modelOf(image, (l, x) => {
      const stem = l.relu(l.conv(x, 10));
      const part = l.build.op('Slice', [stem, l.build.ints([2]), l.build.ints([7]), l.build.ints([1])]);
      return l.head(l.build.op('Concat', [l.conv(part, 6), l.conv(stem, 4)], { axis: 1 }));
    }),
  'Pad of channels on a shortcut': () =>
    modelOf(image, (l, x) => {
      const stem = l.relu(l.conv(x, 6));
      const padded = l.build.op('Pad', [stem, l.build.ints([0, 1, 0, 0, 0, 3, 0, 0])]);
      return l.head(l.build.op('Add', [padded, l.conv(stem, 10)]));
    }),
  'transposed convolution and PRelu': () =>
    modelOf(image, (l, x) => {
      const stem = l.build.op('PRelu', [l.conv(x, 6), l.weight([6, 1, 1])]);
      const up = l.build.op('ConvTranspose', [stem, l.weight([6, 7, 2, 2]), l.weight([7])], { kernel_shape: [2, 2], strides: [2, 2] });
      return l.conv(l.relu(up), 2);
    }),
  'pixel shuffle': () => modelOf(image, (l, x) => l.conv(l.relu(l.build.op('DepthToSpace', [l.conv(x, 16)], { blocksize: 2 })), 2)),
  'perceptron of Gemm in all orientations': () =>
    modelOf([7], (l, x) => {
      const first = l.relu(l.build.op('Gemm', [x, l.weight([7, 9]), l.weight([9])]));
      const second = l.relu(l.build.op('Gemm', [l.weight([9, 11]), first], { transA: 1, transB: 1 }));
      return l.build.op('Gemm', [second, l.weight([4, 11])], { transA: 1, transB: 1 });
    }),
  'transformer block': () => transformer(),
  'group normalization': () =>
    modelOf(image, (l, x) => {
      const features = l.conv(x, 12);
      return l.head(l.relu(l.build.op('GroupNormalization', [features, l.weight([12]), l.weight([12])], { num_groups: 4 })));
    }),
  'LSTM over a sequence': () =>
    modelOf([6, 5], (l, x) => {
      const sequence = l.build.op('Transpose', [x], { perm: [1, 0, 2] });
      const embedded = l.relu(l.build.op('MatMul', [sequence, l.weight([5, 8])]));
      const states = l.build.op('LSTM', [embedded, l.weight([1, 24, 8]), l.weight([1, 24, 6]), l.weight([1, 48])], { hidden_size: 6 });
      const all = l.build.op('Transpose', [l.build.op('Squeeze', [states, l.build.ints([1])])], { perm: [1, 0, 2] });
      return l.build.op('MatMul', [all, l.weight([6, 3])]);
    }),
  'LSTM in two directions whose first states are filled by a computed shape': () =>
    modelOf([6, 5], (l, x) => {
      const { build } = l;
      const sequence = build.op('Transpose', [x], { perm: [1, 0, 2] });
      const batch = build.op('Gather', [build.op('Shape', [x]), build.ints([0])], { axis: 0 });
      const zeros = build.op('ConstantOfShape', [build.op('Concat', [build.ints([2]), batch, build.ints([6])], { axis: 0 })]);
      const [states] = build.node(
        'LSTM',
        [sequence, l.weight([2, 24, 5]), l.weight([2, 24, 6]), undefined, undefined, zeros, zeros],
        { hidden_size: 6, direction: 'bidirectional' },
        { outputs: 1 },
      );
      const joined = build.op('Reshape', [build.op('Transpose', [states], { perm: [0, 2, 1, 3] }), build.ints([0, 0, -1])]);
      return build.op('Transpose', [build.op('MatMul', [joined, l.weight([12, 3])])], { perm: [1, 0, 2] });
    }),
  'weights in int8 behind DequantizeLinear': () =>
    modelOf(image, (l, x) => {
      const stored = l.build.parameter(
        'q',
        Tensor.from(
          'int8',
          [8, 3, 3, 3],
          Array.from({ length: 216 }, (_, i) => ((i * 37) % 255) - 127),
        ),
      );
      const scales = l.build.parameter(
        'scales',
        Tensor.from(
          'float32',
          [8],
          Array.from({ length: 8 }, (_, i) => 0.001 * (i + 1)),
        ),
      );
      const zeros = l.build.parameter('zeros', Tensor.from('int8', [8], new Array(8).fill(0)));
      const kernel = l.build.op('DequantizeLinear', [stored, scales, zeros], { axis: 0 });
      return l.head(l.relu(l.build.op('Conv', [x, kernel], { kernel_shape: [3, 3] })));
    }),
};

/** One pre-norm transformer block over [N, 6, 12] with 3 heads of 4, exporters' way: Reshape and Transpose around MatMul. */
function transformer(): Model {
  return modelOf([6, 12], (l, x) => {
    const { build } = l;
    const linear = (value: Value, from: number, to: number) =>
      build.op('Add', [build.op('MatMul', [value, l.weight([from, to])]), l.weight([to])]);
    const norm = (value: Value) => build.op('LayerNormalization', [value, l.weight([12]), l.weight([12])]);
    const heads = (value: Value, perm: readonly number[]) =>
      build.op('Transpose', [build.op('Reshape', [value, build.ints([0, 6, 3, 4])])], { perm });
    const normed = norm(x);
    const scores = build.op('MatMul', [heads(linear(normed, 12, 12), [0, 2, 1, 3]), heads(linear(normed, 12, 12), [0, 2, 3, 1])]);
    const attention = build.op('Softmax', [build.op('Mul', [scores, build.scalar(0.5)])], { axis: -1 });
    const mixed = build.op('MatMul', [attention, heads(linear(normed, 12, 12), [0, 2, 1, 3])]);
    const joined = build.op('Reshape', [build.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }), build.ints([0, 6, 12])]);
    const attended = build.op('Add', [x, linear(joined, 12, 12)]);
    const hidden = build.op('Gelu', [linear(norm(attended), 12, 20)]);
    return build.op('Add', [attended, linear(hidden, 20, 12)]);
  });
}
