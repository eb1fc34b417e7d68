import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { prune, pruneModel, sparsify } from 'espalier/compression/pruning';
import { quantizeDynamic, quantizeStatic, quantizeWeights, storeHalf } from 'espalier/compression/quantization';
import { footprint } from 'espalier/infrastructure/hardware';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { checkLinks, encodeModel, Graph, Model, SymbolicDim, Tensor } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { isHalf, typedBuilder, widen } from 'espalier/ops';
import { applyTechnique } from 'espalier/technique';
import { train } from 'espalier/training';
import { fixture, shared, skipWithout } from '../support/paths.js';
import { madeModel, noiseOf, taskOf } from './quantization/models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const HALF = 10;

/** A small network whose weights, values, input and output are float16, with attributes and a branch that name the type. */
function halfModel(): Model {
  const model = new Model(new Graph('half'), 17);
  model.irVersion = 8;
  const build = typedBuilder(model.graph, model.opsets);
  const x = build.input('x', 'float16', [SymbolicDim.named('N'), 12]);
  const half = (...shape: readonly number[]) => {
    const numbers = Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(7 * i * i + shape.length) / 2);
    return build.parameter('w', Tensor.from('float16', shape, numbers));
  };
  const hidden = build.op('Relu', [build.op('Gemm', [x, half(12, 16), half(16)])]);
  const filled = build.op('ConstantOfShape', [build.ints([16])], { value: Tensor.from('float16', [1], [0.5]) });
  const branch = (name: string, factor: number) => {
    const inner = build.within(name);
    const scaled = inner.op('Mul', [hidden, inner.op('Constant', [], { value: Tensor.scalar('float16', factor) })]);
    inner.output(inner.op('Cast', [inner.op('Cast', [scaled], { to: 1 })], { to: HALF }));
    return { type: 'graph', value: inner.graph } as const;
  };
  const large = build.op('Greater', [build.op('ReduceMax', [build.op('Cast', [x], { to: 1 })], { keepdims: 0 }), build.scalar(0.5)]);
  const chosen = build.op('If', [large], { then_branch: branch('then', 2), else_branch: branch('else', 1) });
  build.output(build.op('MatMul', [build.op('Add', [chosen, filled]), half(16, 5)]), 'y0');
  return model;
}

function halfTask(model: Model) {
  const task = taskOf(model, [12]);
  return { ...task, feeds: [{ ...task.feeds[0], preprocess: { layout: 'as-is', dtype: 'float16' } as const }] };
}

test('half precision becomes float32 inside; inputs and outputs keep their types', async () => {
  const source = halfModel();
  const before = encodeModel(source);
  const wide = widen(source);
  checkLinks(wide.graph);
  assert.ok(isHalf(source));
  assert.deepEqual(
    [...wide.graph.inputs, ...wide.graph.outputs].map(({ name, dtype }) => `${name} ${dtype}`),
    ['x float16', 'y0 float16'],
  );
  assert.ok([...wide.graph.initializers].every(({ dtype }) => dtype !== 'float16'));
  const run = async (model: Model) => {
    const program = await runtime.compile(model, { threads: 1 });
    const numbers = Array.from({ length: 36 }, (_, i) => Math.sin(i));
    const { y0 } = await program.run({ x: Tensor.from('float16', [3, 12], numbers) });
    await program.dispose();
    return y0;
  };
  const [half, whole] = [await run(source), await run(wide)];
  assert.equal(whole.dtype, 'float16');
  const most = Math.max(...half.numbers().map(Math.abs));
  half.numbers().forEach((value, i) => {
    assert.ok(Math.abs(value - whole.numbers()[i]) < 0.005 * most, `${value}, ${whole.numbers()[i]}`);
  });
  assert.deepEqual(encodeModel(source), before, 'the source was changed');
});

test('half precision: quantized, pruned and trained', async () => {
  const source = halfModel();
  const task = halfTask(source);
  for (const make of [quantizeWeights, quantizeDynamic] as const) {
    const { model } = await make(source, runtime);
    assert.ok((await noiseOf(model, task, runtime, 'test')) < 0.01);
  }
  const { model, plan } = await quantizeStatic(source, task, runtime);
  assert.ok(plan.layers.length >= 2);
  assert.ok((await noiseOf(model, task, runtime, 'test')) < 0.02);
});

test('half precision: what is pruned or made sparse stores its weights in half precision again', async () => {
  const source = new Model(new Graph('dense'), 17);
  const build = typedBuilder(source.graph, source.opsets);
  const weight = (name: string, ...shape: [number, number]) => {
    const numbers = Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(7 * i * i) / 8);
    return build.parameter(name, Tensor.from('float16', shape, numbers));
  };
  const hidden = build.op('Relu', [build.op('MatMul', [build.input('x', 'float16', [SymbolicDim.named('N'), 32]), weight('w', 32, 64)])]);
  build.output(build.op('MatMul', [hidden, weight('u', 64, 32)]), 'y');
  const bytes = (model: Model) => footprint(model).weightBytes;
  const pruned = await applyTechnique(prune, { model: source, runtime, seed: 1 }, { keep: 0.7, tuning: 'none', multipleOf: 1 });
  const sparse = await applyTechnique(sparsify, { model: source, runtime, seed: 1 }, { sparsity: 0.3, tuning: 'none' });
  assert.ok(bytes(pruned.model) < bytes(source), `${bytes(pruned.model)}, not below ${bytes(source)}`);
  assert.ok(bytes(sparse.model) <= bytes(source) + 64, `${bytes(sparse.model)}, not ${bytes(source)}`);
});

test('half precision: trained and pruned in float32, and said', async () => {
  const source = widthModel();
  const task = halfTask(source);
  assert.ok((await pruneModel(source, { keep: 0.7, minChannels: 1, multipleOf: 1 })).layers.length >= 1);
  const said: string[] = [];
  const options = { epochs: 1, batchSize: 16, evaluateEvery: 0 };
  const tuned = await train({ model: source, task, runtime, options, onMessage: ({ text }) => said.push(text) });
  assert.equal(tuned.parameters.length, 2);
  assert.ok(said.some((text) => /half precision/.test(text)));
});

/** Two dense layers in float16. */
function widthModel(): Model {
  const model = halfModel();
  const build = typedBuilder(model.graph, model.opsets);
  const [x] = model.graph.inputs;
  const [first, , last] = [...model.graph.initializers].filter(({ dtype }) => dtype === 'float16');
  model.graph.outputs.length = 0;
  build.output(build.op('MatMul', [build.op('Relu', [build.op('MatMul', [x, first])]), last]), 'y1');
  model.graph.outputs[0].name = 'y0';
  model.graph.removeAll(model.graph.nodes.slice(0, -3));
  return model;
}

test('weights as float16: half the size, float32 inside; what float16 cannot hold stays', async () => {
  const source = loadModel(fixture('optimized', 'cnn.float.onnx'));
  const { model, stored, left } = storeHalf(source);
  assert.equal(stored, 4);
  assert.deepEqual(left, []);
  const halved = [...model.graph.initializers].filter(({ dtype }) => dtype === 'float16');
  assert.equal(halved.length, stored);
  assert.ok(encodeModel(model).length < encodeModel(source).length - 2 * 2000);
  assert.ok((await noiseOf(model, taskOf(source, [3, 10, 10]), runtime, 'test')) < 1e-6);
  const wild = madeModel([40], (build, x, weights) => {
    const scaled = (factor: number) => {
      const numbers = (weights([40, 40]).initializer as Tensor).numbers().map((value) => value * factor);
      return build.op('MatMul', [x, build.parameter('scaled', Tensor.from('float32', [40, 40], numbers))]);
    };
    return build.op('Concat', [scaled(1e6), scaled(1e-8), build.op('MatMul', [x, weights([40, 40])])], { axis: 1 });
  });
  const result = storeHalf(wild);
  assert.equal(result.stored, 1);
  assert.deepEqual(result.left.map(({ value }) => value).sort(), ['scaled', 'scaled_2']);
  assert.ok((await noiseOf(result.model, taskOf(wild, [40]), runtime, 'test')) < 1e-6);
});

const digits = shared('cases', 'fp16', 'fp16.onnx');
test('cases/fp16: its layers are quantized', { skip: skipWithout(digits, 'cases/fp16') }, async () => {
  const { model, left } = await quantizeWeights(loadModel(digits as string), runtime);
  assert.deepEqual(left, []);
  assert.deepEqual(
    [...model.graph.inputs, ...model.graph.outputs].map(({ dtype }) => dtype),
    ['float16', 'float16'],
  );
});
