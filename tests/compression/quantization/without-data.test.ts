import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { quantizeDynamic, quantizeWeights } from 'espalier/compression/quantization';
import { checkOnWeb, createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel, type GraphBuilder, type Model, Tensor, type Value } from 'espalier/onnx';
import { dequantize, isQuantized } from 'espalier/ops';
import { feedsOf } from 'espalier/training';
import { storedWeight } from '#dist/ops/plain/stored-weight.js';
import { madeModel, noiseOf, taskOf, type Weights } from './models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

interface Case {
  shape: readonly number[];
  write: (build: GraphBuilder, x: Value, weights: Weights) => Value;
  /** Operators of the dynamic form that ONNX Runtime must run. */
  runs: readonly string[];
  /** Operators in the file of the weights-only form, and how many. */
  stored: number;
}

const cases: Record<string, Case> = {
  'dense layers, transposed or not, with bias or without': {
    shape: [16],
    write: (build, x, weights) => {
      const a = build.op('Relu', [build.op('Gemm', [x, weights([24, 16]), weights([24])], { transB: 1 })]);
      const b = build.op('Relu', [build.op('Gemm', [a, weights([24, 12])], { alpha: { type: 'float', value: 0.5 } })]);
      return build.op('MatMul', [b, weights([12, 8])]);
    },
    runs: ['DynamicQuantizeMatMul'],
    stored: 3,
  },
  convolutions: {
    shape: [3, 8, 8],
    write: (build, x, weights) => {
      const a = build.op('Relu', [build.op('Conv', [x, weights([4, 3, 3, 3]), weights([4])], { pads: [1, 1, 1, 1] })]);
      return build.op('Conv', [a, weights([4, 1, 3, 3])], { group: 4, strides: [2, 2] });
    },
    runs: ['ConvInteger'],
    stored: 2,
  },
  'rows of features, and a recurrent layer': {
    shape: [6, 8],
    write: (build, x, weights) => {
      const a = build.op('Add', [build.op('MatMul', [x, weights([8, 16])]), weights([16])]);
      const sequence = build.op('Transpose', [a], { perm: [1, 0, 2] });
      const [, last] = build.node(
        'LSTM',
        [sequence, weights([1, 40, 16], 0.3), weights([1, 40, 10], 0.3), weights([1, 80], 0.1)],
        { hidden_size: 10 },
        { outputs: 2 },
      );
      return build.op('Squeeze', [last, build.ints([0])]);
    },
    runs: ['DynamicQuantizeMatMul', 'LSTM'],
    stored: 3,
  },
  'a table of embeddings': {
    shape: [7],
    write: (build, x, weights) => {
      const tokens = build.op('Cast', [build.op('Abs', [build.op('Mul', [x, build.scalar(9)])])], { to: 7 });
      return build.op('ReduceMean', [build.op('Gather', [weights([64, 20]), tokens])], { axes: [1], keepdims: 0 });
    },
    runs: ['Gather'],
    stored: 1,
  },
};

/** Weights that are turned into floats, and tables whose rows are. */
const storedIn = ({ graph }: Model) => graph.nodes.filter((node) => node.op === 'DequantizeLinear' || storedWeight(node)).length;
const count = (model: Model, op: string) => model.graph.nodes.filter((node) => node.op === op).length;

for (const [name, { shape, write, runs, stored }] of Object.entries(cases)) {
  test(`${name}: activations as they come, and weights only`, async () => {
    const source = madeModel(shape, write);
    const before = encodeModel(source);
    const task = taskOf(source, shape);
    const feeds = async () => feedsOf(task.feeds, await task.splits.test.read(Int32Array.of(0, 1, 2)));
    const dynamic = (await quantizeDynamic(source, runtime)).model;
    const light = (await quantizeWeights(source, runtime)).model;
    assert.deepEqual(encodeModel(source), before, 'the source was changed');
    assert.equal(storedIn(light), stored);
    for (const [model, most] of [
      [dynamic, 0.003],
      [light, 0.0005],
    ] as const) {
      const noise = await noiseOf(model, task, runtime, 'test');
      assert.ok(noise < most, `1 - R² is ${noise}`);
      const floats = [...model.graph.initializers].filter(
        (value) => value.dtype === 'float32' && (value.initializer?.shape.length ?? 0) >= 2,
      );
      // Scales and biases of channels, and no weights.
      assert.ok(floats.every((value) => (value.initializer?.shape.filter((dim) => dim > 1).length ?? 0) <= 1));
      // A dynamic range that differs in its last bit moves what is half-way between two integers.
      const web = await checkOnWeb(encodeModel(model), await feeds(), { tolerance: 0.05 });
      assert.ok(web.status === 'agrees' || web.status === 'not checked', web.detail);
    }
    const program = await runtime.compile(dynamic, { profile: true });
    await program.run(await feeds());
    const ran = (await program.profile()).map((timing) => timing.op);
    await program.dispose();
    for (const op of runs) assert.ok(ran.includes(op), `${op} in ${ran}`);
    if (runs.includes('Gather')) return;
    assert.ok(isQuantized(light));
    const noise = await noiseOf(dequantize(light), task, runtime, 'test');
    assert.ok(!isQuantized(dequantize(light)) && noise < 0.0005, `in floats again: 1 - R² is ${noise}`);
    const plain = await runtime.compile(light, { profile: true });
    await plain.run(await feeds());
    const at = (await plain.profile()).map((timing) => timing.op);
    await plain.dispose();
    assert.ok(
      !at.some((op) => ['Cast', 'Mul', 'DequantizeLinear'].includes(op)),
      `weights are turned into floats once, when the model is loaded: ${at}`,
    );
  });
}

test('a model of floats alone is a quarter of its size with integer weights', async () => {
  const source = madeModel([64], (build, x, weights) =>
    build.op('MatMul', [build.op('Relu', [build.op('MatMul', [x, weights([64, 256])])]), weights([256, 64])]),
  );
  const size = encodeModel(source).length;
  for (const write of [quantizeDynamic, quantizeWeights]) {
    const { model } = await write(source, runtime, {});
    const ratio = size / encodeModel(model).length;
    assert.ok(ratio > 3.6, `${ratio} times smaller`);
  }
});

test('layers can be left out by name and by operator', async () => {
  const source = madeModel([16], (build, x, weights) =>
    build.op('MatMul', [build.op('Relu', [build.op('Gemm', [x, weights([16, 16])])]), weights([16, 4])]),
  );
  const gemm = source.graph.nodes.find((node) => node.op === 'Gemm')?.name as string;
  const left = await quantizeDynamic(source, runtime, { exclude: [gemm] });
  assert.equal(count(left.model, 'Gemm'), 1);
  assert.equal(count(left.model, 'MatMulInteger'), 1);
  const chosen = await quantizeWeights(source, runtime, { operators: ['Gemm'] });
  assert.equal(storedIn(chosen.model), 1);
  assert.ok(
    [...chosen.model.graph.initializers].some(
      (value) => value.initializer instanceof Tensor && value.dtype === 'float32' && value.initializer.size === 64,
    ),
  );
});
