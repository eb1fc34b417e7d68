import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from 'espalier/base';
import { type QuantizeOptions, quantize, quantizeDynamic, quantizeWeights } from 'espalier/compression/quantization';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel, type GraphBuilder, graphsOf, type Model, nodesOf, removeDeadCode, Tensor, type Value } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { checkOptions } from 'espalier/technique';
import { storedWeight } from '#dist/ops/plain/stored-weight.js';
import { shared, skipWithout } from '../../support/paths.js';
import { madeModel, noiseOf, taskOf, type Weights } from './models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** A weight that stands in the graph that is written to: as an initializer, or as a Constant node. */
function own(build: GraphBuilder, weights: Weights, shape: readonly number[], as: 'initializer' | 'node' = 'initializer'): Value {
  const tensor = weights(shape).initializer as Tensor;
  return as === 'node' ? build.op('Constant', [], { value: tensor }) : build.parameter('inner', tensor);
}

/** 1 - mean in each of two branches; which is taken depends on the input. */
function branching(build: GraphBuilder, x: Value, weights: Weights): Value {
  const around = weights([32, 64]);
  const branch = (name: string, write: (inner: GraphBuilder) => Value) => {
    const inner = build.within(name);
    inner.output(write(inner));
    return { type: 'graph', value: inner.graph } as const;
  };
  const condition = build.op('Greater', [build.op('ReduceMean', [x], { keepdims: 0 }), build.scalar(0)]);
  return build.op('If', [condition], {
    then_branch: branch('then', (inner) =>
      inner.op('Gemm', [inner.op('MatMul', [x, around]), own(inner, weights, [64, 48], 'node'), own(inner, weights, [48], 'node')]),
    ),
    else_branch: branch('else', (inner) =>
      inner.op('MatMul', [inner.op('Relu', [inner.op('MatMul', [x, around])]), own(inner, weights, [64, 48])]),
    ),
  });
}

/** Three turns of x <- tanh(x W). */
function looping(build: GraphBuilder, x: Value, weights: Weights): Value {
  const body = build.within('body');
  body.input('turn', 'int64', []);
  const go = body.input('go', 'bool', []);
  const state = body.input('state', 'float32', x.shape ?? []);
  const next = body.op('Tanh', [body.op('MatMul', [state, own(body, weights, [32, 32], 'node')])]);
  body.output(body.op('Identity', [go]));
  body.output(next);
  return build.op('Loop', [build.scalar(3, 'int64'), undefined, x], { body: { type: 'graph', value: body.graph } });
}

/** state <- tanh(state W / 4 + row), over the rows. */
function scanning(build: GraphBuilder, x: Value, weights: Weights): Value {
  const body = build.within('body');
  const state = body.input('state', 'float32', [32]);
  const row = body.input('row', 'float32', [32]);
  const product = body.op('MatMul', [body.op('Mul', [state, body.scalar(0.25)]), own(body, weights, [32, 32])]);
  const sum = body.op('Add', [product, row]);
  const next = body.op('Tanh', [sum]);
  body.output(next);
  body.output(body.op('Identity', [next]));
  const zeros = build.constant(Tensor.of('float32', [32], new Float32Array(32)));
  return build.node('Scan', [zeros, x], { num_scan_inputs: 1, body: { type: 'graph', value: body.graph } }, { outputs: 2 })[1];
}

const cases = { 'branches of If': branching, 'the body of Loop': looping, 'the body of Scan': scanning };

for (const [name, write] of Object.entries(cases)) {
  test(`weights in ${name} become integers where they stand`, async () => {
    const source = madeModel([32], write);
    removeDeadCode(source.graph);
    const before = encodeModel(source);
    const task = taskOf(source, [32]);
    for (const [quantized, most] of [
      [await quantizeWeights(source, runtime), 0.0005],
      [await quantizeDynamic(source, runtime), 0.003],
    ] as const) {
      assert.deepEqual(largeFloats(quantized.model), []);
      assert.deepEqual(quantized.left, []);
      assert.ok(encodeModel(quantized.model).length < before.length / 1.8);
      const noise = await noiseOf(quantized.model, task, runtime, 'test');
      assert.ok(noise < most, `1 - R² is ${noise}`);
    }
    assert.deepEqual(encodeModel(source), before, 'the source was changed');
  });
}

test('what a loop computes with is turned into floats once, before the loop', async () => {
  const { model } = await quantizeWeights(madeModel([32], looping), runtime);
  assert.ok(model.graph.nodes.some(storedWeight));
  assert.equal(nodesOf(model.graph).filter(storedWeight).length, 1);
});

test('a branch pays for what it alone reads', async () => {
  const { model } = await quantizeWeights(madeModel([32], branching), runtime);
  const restored = graphsOf(model.graph).map(({ nodes }) => nodes.filter(storedWeight).length);
  assert.deepEqual(restored, [1, 1, 1], 'the one that both read, and one in each branch');
});

test('weights that stay in floating point are named', async () => {
  const source = madeModel([32], (build, x, weights) => {
    const product = build.op('MatMul', [x, weights([32, 16])]);
    return build.op('Concat', [product, build.op('Einsum', [x, weights([32, 40])], { equation: 'nk,km->nm' })], { axis: 1 });
  });
  const { left } = await quantizeWeights(source, runtime);
  assert.equal(left.length, 1);
  assert.equal(left[0].bytes, 4 * 32 * 40);
  assert.match(left[0].readers[0], /^Einsum/);
});

const silero = shared('models/silero_vad_v6.onnx');
test('silero_vad_v6: all its weights stand in branches', { skip: skipWithout(silero, 'silero_vad_v6') }, async () => {
  const source = loadModel(silero as string);
  const size = encodeModel(source).length;
  const random = new Random(1);
  const light = (await quantizeWeights(source, runtime)).model;
  const small = encodeModel(light).length;
  assert.ok(small < size / 3.5, `${size} -> ${small}`);
  const feedsAt = (rate: bigint, samples: number) => ({
    input: Tensor.of(
      'float32',
      [1, samples],
      Float32Array.from({ length: samples }, (_, i) => 0.2 * Math.sin(i / 9) + 0.05 * random.normal()),
    ),
    state: Tensor.of('float32', [2, 1, 128], new Float32Array(256)),
    sr: Tensor.of('int64', [], BigInt64Array.of(rate)),
  });
  for (const [rate, samples] of [
    [16000n, 576],
    [8000n, 288],
  ] as const) {
    const feeds = feedsAt(rate, samples);
    const copy = () =>
      Object.fromEntries(Object.entries(feeds).map(([key, tensor]) => [key, Tensor.from(tensor.dtype, tensor.shape, tensor.numbers())]));
    const answers = [await run(source, copy()), await run(light, copy())];
    const [before, now] = answers.map(({ stateN }) => stateN.toFloat32());
    const error = before.reduce((sum, value, i) => sum + (value - now[i]) ** 2, 0);
    const power = before.reduce((sum, value) => sum + value ** 2, 0);
    assert.ok(error < power * 0.001, `error ${error} of ${power}`);
  }
});

async function run(model: Model, feeds: Record<string, Tensor>) {
  const program = await runtime.compile(model, { threads: 1 });
  try {
    return await program.run(feeds);
  } finally {
    await program.dispose();
  }
}

function largeFloats(model: Model): string[] {
  return graphsOf(model.graph).flatMap(({ initializers, nodes }) =>
    [...initializers, ...nodes.map((node) => node.outputs[0])].flatMap((value) =>
      value?.constant?.dtype === 'float32' && value.constant.size >= 512 ? [value.name] : [],
    ),
  );
}

/** Two dense layers where the mean is below 100, two others where it is above, which no sample is. */
function rarelyElse(build: GraphBuilder, x: Value, weights: Weights): Value {
  const branch = (name: string) => {
    const inner = build.within(name);
    const hidden = inner.op('Relu', [inner.op('MatMul', [x, own(inner, weights, [64, 96])])]);
    inner.output(inner.op('MatMul', [hidden, own(inner, weights, [96, 48])]));
    return { type: 'graph', value: inner.graph } as const;
  };
  const isUsual = build.op('Less', [build.op('ReduceMean', [x], { keepdims: 0 }), build.scalar(100)]);
  return build.op('If', [isUsual], { then_branch: branch('usual'), else_branch: branch('rare') });
}

for (const [method, weightType] of [
  ['adaround', 'int4'],
  ['gptq', 'int2'],
] as const) {
  test(`layers that no sample reaches keep 8 bits, which is said (${method}, ${weightType})`, async () => {
    const source = madeModel([64], rarelyElse);
    removeDeadCode(source.graph);
    const task = taskOf(source, [64]);
    const options = checkOptions(quantize, { mode: 'weights', weightType, method, steps: 2, tolerance: 10 }) as QuantizeOptions;
    const { model, notes } = await quantize.apply({ model: source, task, runtime, seed: 0 }, options);
    const numbers = Array.from({ length: 256 }, (_, i) => 200 + 50 * Math.sin(i * 1.7));
    const answer = async (of: Model) => (await run(of, { x: Tensor.from('float32', [4, 64], numbers) })).y0.toFloat32();
    const [wanted, got] = [await answer(source), await answer(model)];
    const error = wanted.reduce((sum, value, i) => sum + (value - got[i]) ** 2, 0);
    const power = wanted.reduce((sum, value) => sum + value ** 2, 0);
    assert.ok(error < 0.001 * power, `1 - R² is ${error / power} in the branch that no sample enters`);
    const said = notes.remarks?.join('\n') ?? '';
    assert.match(said, /^None of 64 samples of the validation part enters else_branch of If "if": what is lost there is not known\.$/m);
    assert.match(said, /^Layers keep more than \d bits, because no sample reaches them: matmul_\d+, matmul_\d+\.$/m);
    assert.equal(notes.facts?.layersOf8Bits, 2);
  });
}

test('static and dynamic quantization say which branch no sample enters', async () => {
  const source = madeModel([64], rarelyElse);
  removeDeadCode(source.graph);
  const task = taskOf(source, [64]);
  for (const mode of ['static', 'dynamic'] as const) {
    const { notes } = await quantize.apply({ model: source, task, runtime, seed: 0 }, checkOptions(quantize, { mode }) as QuantizeOptions);
    assert.match(notes.remarks?.join('\n') ?? '', /enters else_branch of If "if"/, mode);
  }
});

for (const [name, write] of Object.entries(cases)) {
  test(`weights of few bits in ${name} are chosen by data`, async () => {
    const source = madeModel([32], write);
    removeDeadCode(source.graph);
    const task = taskOf(source, [32]);
    for (const weightType of ['int4', 'int2'] as const) {
      for (const method of ['gptq', 'adaround', 'hqq', 'nearest'] as const) {
        const options = checkOptions(quantize, { mode: 'weights', weightType, method, steps: 2, tolerance: 1e-4 }) as QuantizeOptions;
        const { model, notes } = await quantize.apply({ model: source, task, runtime, seed: 0 }, options);
        assert.ok(
          notes.sensitivity?.every(({ loss }) => loss > 0),
          `${weightType} by ${method}: ${JSON.stringify(notes.sensitivity)}`,
        );
        const noise = await noiseOf(model, task, runtime, 'test');
        assert.ok(noise < 0.01, `${weightType} by ${method}: 1 - R² is ${noise}`);
      }
    }
  });
}
