import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { OptionError, UnsupportedError } from 'espalier/base';
import { quantizeStatic, type StaticOptions } from 'espalier/compression/quantization';
import { checkOnWeb, createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel, type GraphBuilder, type Model, Tensor, type Value } from 'espalier/onnx';
import { feedsOf } from 'espalier/training';
import { madeModel, noiseOf, taskOf, type Weights } from './models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

interface Case {
  shape: readonly number[];
  write: (build: GraphBuilder, x: Value, weights: Weights) => Value | Value[];
  /** What ONNX Runtime must run, and how often. */
  runs: Record<string, number>;
  /** What it must not run. */
  never?: readonly string[];
  /** Largest 1 - R² against the float model. */
  noise?: number;
  opset?: number;
  options?: StaticOptions;
  check?: (model: Model) => void;
}

const image = [3, 8, 8];
const conv = (build: GraphBuilder, x: Value, w: Value, bias?: Value, more = {}) =>
  build.op('Conv', [x, w, bias], { pads: [1, 1, 1, 1], ...more });
const ints = (model: Model) =>
  [...model.graph.initializers].filter((value) => value.dtype === 'int8' && value.shape && value.shape.length > 1);

const cases: Record<string, Case> = {
  'convolution, Relu, pool and dense run on integers throughout': {
    shape: image,
    write: (build, x, weights) => {
      const pooled = build.op('MaxPool', [build.op('Relu', [conv(build, x, weights([4, 3, 3, 3]), weights([4]))])], {
        kernel_shape: [2, 2],
        strides: [2, 2],
      });
      const flat = build.op('Flatten', [pooled]);
      return build.op('Gemm', [flat, weights([10, 64]), weights([10])], { transB: 1 });
    },
    runs: { QLinearConv: 1, QGemm: 1, NhwcMaxPool: 1, QuantizeLinear: 1 },
    never: ['DequantizeLinear', 'Relu', 'Conv', 'Gemm'],
    check: (model) => assert.ok(!model.graph.nodes.some((node) => node.op === 'Relu')),
  },
  'a batch normalization is folded, and one after Relu becomes a convolution': {
    shape: image,
    write: (build, x, weights) => {
      const norm = (value: Value) => {
        const [scale, shift, mean] = [weights([4], 1), weights([4]), weights([4])];
        return build.op('BatchNormalization', [
          value,
          scale,
          shift,
          mean,
          build.parameter('variance', Tensor.from('float32', [4], [1, 2, 0.5, 3])),
        ]);
      };
      const first = build.op('Relu', [norm(conv(build, x, weights([4, 3, 3, 3])))]);
      return conv(build, norm(first), weights([2, 4, 3, 3]));
    },
    runs: { QLinearConv: 3 },
    never: ['BatchNormalization', 'Conv', 'FusedConv'],
  },
  'residual additions, concatenations and pools of layers run on integers': {
    shape: image,
    write: (build, x, weights) => {
      const a = build.op('Relu', [conv(build, x, weights([4, 3, 3, 3]))]);
      const b = build.op('Relu', [build.op('Add', [conv(build, a, weights([4, 4, 3, 3], 0.2)), a])]);
      const c = build.op('Concat', [b, conv(build, b, weights([2, 4, 3, 3]))], { axis: 1 });
      const d = build.op('AveragePool', [c], { kernel_shape: [2, 2], strides: [2, 2] });
      const e = build.op('GlobalAveragePool', [conv(build, d, weights([5, 6, 3, 3]))]);
      return build.op('Gemm', [build.op('Flatten', [e]), weights([5, 3])]);
    },
    runs: { QLinearConv: 4, QLinearAdd: 1, QLinearConcat: 1, QLinearAveragePool: 1, QLinearGlobalAveragePool: 1, QGemm: 1 },
    never: ['Add', 'Concat', 'AveragePool', 'GlobalAveragePool', 'Conv'],
    noise: 0.005,
  },
  'bounds of Clip, gates by Sigmoid, and hard swishes written out stay within integers': {
    shape: image,
    write: (build, x, weights) => {
      const six = build.op('Clip', [conv(build, x, weights([4, 3, 3, 3])), build.scalar(0), build.scalar(6)]);
      const a = conv(build, six, weights([4, 4, 3, 3]));
      const silu = build.op('Mul', [a, build.op('Sigmoid', [a])]);
      const b = conv(build, silu, weights([4, 4, 3, 3]));
      const hard = build.op('Clip', [build.op('Add', [b, build.scalar(3)]), build.scalar(0), build.scalar(6)]);
      const swish = build.op('Div', [build.op('Mul', [b, hard]), build.scalar(6)]);
      return conv(build, swish, weights([2, 4, 3, 3]));
    },
    runs: { QLinearConv: 4, QLinearSigmoid: 1, QLinearMul: 3, QLinearAdd: 1 },
    never: ['Mul', 'Div', 'Sigmoid', 'Conv'],
    noise: 0.005,
  },
  'matrix products keep their bias in floats where rows are many, and float results where nothing quantized reads them': {
    shape: [5, 12],
    write: (build, x, weights) => {
      const hidden = build.op('Add', [build.op('MatMul', [x, weights([12, 16])]), weights([16])]);
      const normal = build.op('LayerNormalization', [hidden, build.parameter('one', Tensor.from('float32', [16], new Array(16).fill(1)))]);
      return build.op('MatMul', [normal, weights([16, 4])]);
    },
    runs: { MatMulIntegerToFloat: 2, LayerNormalization: 1, Add: 1 },
    never: ['QLinearAdd', 'MatMul'],
  },
  'dense layers of any form: factors, transposed data, bias by addition': {
    shape: [12],
    write: (build, x, weights) => {
      const a = build.op('Gemm', [x, weights([12, 8]), weights([1, 8])], {
        alpha: { type: 'float', value: 0.5 },
        beta: { type: 'float', value: 2 },
      });
      const b = build.op('Relu', [build.op('Add', [build.op('MatMul', [build.op('Relu', [a]), weights([8, 8])]), weights([8])])]);
      const c = build.op('Gemm', [b, weights([6, 8])], { transB: 1 });
      return build.op('Transpose', [build.op('Transpose', [c], { perm: [1, 0] })], { perm: [1, 0] });
    },
    runs: { QGemm: 3 },
    never: ['Gemm', 'MatMul', 'Add'],
  },
  'one weight in two layers, one bias in two, and weights in Constant nodes and behind Reshape': {
    shape: image,
    write: (build, x, weights) => {
      const w = weights([3, 3, 3, 3]);
      const bias = weights([3]);
      const a = conv(build, build.op('Relu', [conv(build, x, w, bias)]), w, bias);
      const constant = build.op('Constant', [], { value: Tensor.from('float32', [3], [0.1, -0.2, 0.3]) });
      const b = conv(build, a, build.op('Reshape', [weights([81]), build.ints([3, 3, 3, 3])]), constant);
      return b;
    },
    runs: { QLinearConv: 3 },
    never: ['Conv'],
    check: (model) => assert.equal(ints(model).length, 2),
  },
  'splits, slices, resizes and transposes move integers': {
    shape: [4, 8, 8],
    write: (build, x, weights) => {
      const a = build.op('Relu', [conv(build, x, weights([4, 4, 3, 3]))]);
      const [left, right] = build.node('Split', [a, build.ints([2, 2])], { axis: 1 }, { outputs: 2 });
      const up = build.op('Resize', [left, undefined, build.constant(Tensor.from('float32', [4], [1, 1, 2, 2]))], { mode: 'nearest' });
      const cut = build.op('Slice', [up, build.ints([0]), build.ints([8]), build.ints([2])]);
      const joined = build.op(
        'Concat',
        [
          build.op('Transpose', [right], { perm: [0, 1, 3, 2] }),
          build.op('Slice', [cut, build.ints([0]), build.ints([8]), build.ints([3])]),
        ],
        { axis: 1 },
      );
      return conv(build, joined, weights([2, 4, 3, 3]));
    },
    runs: { QLinearConv: 2, QLinearConcat: 1 },
    never: ['Conv', 'Concat'],
  },
  'depthwise, grouped and dilated convolutions, in one dimension too': {
    shape: [4, 10],
    write: (build, x, weights) => {
      const a = build.op('Relu', [build.op('Conv', [x, weights([4, 1, 3]), weights([4])], { group: 4, pads: [1, 1] })]);
      const b = build.op('Conv', [a, weights([6, 2, 3])], { group: 2, dilations: [2], pads: [2, 2] });
      return build.op('Conv', [b, weights([3, 6, 1])]);
    },
    runs: { QLinearConv: 3 },
    never: ['Conv'],
  },
  'a transposed convolution stores integers and computes in floats': {
    shape: image,
    write: (build, x, weights) => {
      const a = build.op('Relu', [conv(build, x, weights([4, 3, 3, 3]))]);
      return build.op('ConvTranspose', [a, weights([4, 2, 2, 2])], { strides: [2, 2] });
    },
    runs: { QLinearConv: 1, ConvTranspose: 1 },
    check: (model) => assert.equal(ints(model).length, 2),
  },
  'outputs in the middle, and an input that is an output': {
    shape: image,
    write: (build, x, weights) => {
      const a = conv(build, x, weights([4, 3, 3, 3]));
      const b = conv(build, build.op('Relu', [a]), weights([4, 4, 3, 3]));
      return [b, a, x];
    },
    runs: { QLinearConv: 2 },
  },
  'the product of two activations of layers': {
    shape: [6, 8],
    write: (build, x, weights) => {
      const q = build.op('Relu', [build.op('MatMul', [x, weights([8, 8])])]);
      const k = build.op('Transpose', [build.op('Relu', [build.op('MatMul', [x, weights([8, 8])])])], { perm: [0, 2, 1] });
      return build.op('MatMul', [build.op('MatMul', [q, k]), weights([6, 5])]);
    },
    runs: { QLinearMatMul: 3, MatMulIntegerToFloat: 1 },
    never: ['MatMul'],
    noise: 0.005,
  },
  'an old opset is brought to 13': {
    shape: image,
    opset: 9,
    write: (build, x, weights) =>
      build.op('Dropout', [
        build.op('Clip', [conv(build, x, weights([4, 3, 3, 3]))], { min: { type: 'float', value: -1 }, max: { type: 'float', value: 1 } }),
      ]),
    runs: { QLinearConv: 1 },
    check: (model) => assert.equal(model.opset, 13),
  },
};

for (const [name, each] of Object.entries(cases)) {
  test(name, async () => {
    const source = madeModel(each.shape, each.write, each.opset);
    const before = encodeModel(source);
    const task = taskOf(source, each.shape);
    const { model } = await quantizeStatic(source, task, runtime, each.options);
    assert.deepEqual(encodeModel(source), before, 'the source was changed');
    const names = (of: Model) => [of.graph.feeds.map((input) => input.name), of.graph.outputs.map((output) => output.name)];
    assert.deepEqual(names(model), names(source));

    // On the data that ranges are from: numbers beyond them are another matter.
    const noise = await noiseOf(model, task, runtime, 'calibration');
    assert.ok(noise < (each.noise ?? 0.002), `1 - R² is ${noise}`);

    const program = await runtime.compile(model, { profile: true });
    const feeds = async () => feedsOf(task.feeds, await task.splits.test.read(Int32Array.of(0, 1, 2)));
    await program.run(await feeds());
    const ran = (await program.profile()).map((timing) => timing.op);
    await program.dispose();
    for (const [op, times] of Object.entries(each.runs)) assert.equal(ran.filter((other) => other === op).length, times, `${op} in ${ran}`);
    for (const op of each.never ?? []) assert.ok(!ran.includes(op), `${op} in ${ran}`);
    each.check?.(model);

    const web = await checkOnWeb(encodeModel(model), await feeds(), { tolerance: 0.02 });
    assert.ok(web.status === 'agrees' || web.status === 'not checked', web.detail);
  });
}

test('int8 activations, uint8 weights, one scale for all, 7 bits, and 4-bit weights', async () => {
  const source = madeModel(image, (build, x, weights) =>
    conv(build, build.op('Relu', [conv(build, x, weights([8, 3, 3, 3]), weights([8]))]), weights([4, 8, 3, 3])),
  );
  const task = taskOf(source, image);
  const noiseWith = async (options: StaticOptions) => {
    const { model } = await quantizeStatic(source, task, runtime, options);
    return noiseOf(model, task, runtime, 'test');
  };
  const normal = await noiseWith({});
  for (const calibration of ['percentile', 'entropy', 'mse'] as const) assert.ok((await noiseWith({ calibration })) < 0.005, calibration);
  assert.ok((await noiseWith({ activationType: 'int8' })) < 0.002);
  assert.ok((await noiseWith({ weightType: 'uint8' })) < 0.002);
  assert.ok((await noiseWith({ perChannel: false })) >= normal);
  const narrow = await noiseWith({ reduceRange: true });
  assert.ok(narrow > normal && narrow < 0.004, `${narrow} with 7 bits, ${normal} with 8`);
  const four = await noiseWith({ weightType: 'int4' });
  assert.ok(four > 5 * normal && four < 0.1, `${four} with 4 bits`);
});

test('refusals: nothing to quantize, a name that does not exist', async () => {
  const source = madeModel(image, (build, x, weights) => conv(build, x, weights([4, 3, 3, 3])));
  const task = taskOf(source, image);
  const plain = madeModel(image, (build, x) => build.op('Relu', [x]));
  await assert.rejects(quantizeStatic(plain, taskOf(plain, image), runtime), UnsupportedError);
  await assert.rejects(quantizeStatic(source, task, runtime, { exclude: ['nowhere'] }), OptionError);
});
