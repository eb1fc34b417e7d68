import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { DataError, Random, UnsupportedError } from 'espalier/base';
import { quantizeStatic } from 'espalier/compression/quantization';
import { arrayDataset, type DataSource } from 'espalier/data';
import { batchAxesOf, makeFeeds } from 'espalier/infrastructure/hardware';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask, noteTask, predictor } from 'espalier/modalities';
import { type Dim, Graph, Model, SymbolicDim, Tensor, tensorType, Value } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { evaluate, feedsOf, inputShapes, train } from 'espalier/training';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const N = SymbolicDim.named('N');
const open = () => SymbolicDim.unknown();
const [SAMPLES, WIDTH] = [200, 6];

/** One step of a stream: y and the next state from x [N, 6], a state [2, N, 6] and a rate. */
function stream(batch: () => Dim): Model {
  const model = new Model(new Graph('stream'), 17);
  model.irVersion = 8;
  const build = typedBuilder(model.graph, model.opsets);
  const random = new Random(3);
  const weight = (...shape: number[]) =>
    build.parameter(
      'w',
      Tensor.from(
        'float32',
        shape,
        Array.from({ length: shape[0] * shape[1] }, () => 0.4 * random.normal()),
      ),
    );
  const x = build.input('x', 'float32', [batch(), WIDTH]);
  const state = build.input('state', 'float32', [2, batch(), WIDTH]);
  const rate = build.input('rate', 'float32', []);
  const step = build.op('MatMul', [build.op('Mul', [x, rate]), weight(WIDTH, WIDTH)]);
  const next = build.op('Tanh', [build.op('Add', [build.op('MatMul', [state, weight(WIDTH, WIDTH)]), step])]);
  const y = build.op('MatMul', [build.op('ReduceSum', [next, build.ints([0])], { keepdims: 0 }), weight(WIDTH, 3)]);
  build.output(y, 'y');
  build.output(next, 'next');
  return model;
}

function source(options: { single?: boolean; rates?: readonly number[] } = {}): DataSource {
  const random = new Random(4);
  const tensor = (...shape: number[]) => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal());
    return { type: 'float32', shape, data } as const;
  };
  const rates = Float32Array.from({ length: SAMPLES }, (_, i) => options.rates?.[i] ?? 1.5);
  const inputs = {
    x: tensor(SAMPLES, WIDTH),
    state: options.single ? tensor(SAMPLES, 2, 1, WIDTH) : tensor(SAMPLES, 2, WIDTH),
    rate: { type: 'float32' as const, shape: [SAMPLES], data: rates },
  };
  return { name: 'stream', format: 'memory', train: arrayDataset({ name: 'stream', inputs }), close: async () => undefined };
}

const value = (name: string, ...shape: Dim[]) => new Value(name, tensorType('float32', shape));

test('the batch is found by a shared name, by what is open, and by what is single', () => {
  const found = (...inputs: Value[]) => Object.fromEntries(batchAxesOf(inputs) ?? []);
  assert.deepEqual(found(value('x', N, 3), value('m', N)), { x: 0, m: 0 });
  assert.deepEqual(found(value('x', open(), open()), value('state', 2, open(), 128), value('sr')), { x: 0, state: 1, sr: null });
  const [time, batch] = [SymbolicDim.named('time'), SymbolicDim.named('batch')];
  assert.deepEqual(found(value('x', time, batch, 80), value('h', 4, batch, 64)), { x: 1, h: 1 });
  assert.deepEqual(found(value('x', 1, 160), value('cache', 3, 1, 16, 64)), { x: 0, cache: 1 });
  assert.deepEqual(found(value('x', 1, 160), value('mask', 1, 4)), { x: 0, mask: 0 });
  assert.equal(batchAxesOf([value('x', N, 3), value('grid', 5, 7)]), undefined);
});

for (const [name, batch] of Object.entries({ named: () => N, unnamed: open })) {
  for (const single of [false, true]) {
    test(`a state with its batch on another axis, ${name}, ${single ? 'a batch of one' : 'without a batch'} in the data`, async () => {
      const model = stream(batch);
      const { task } = await createTask(model, source({ single }), runtime);
      assert.deepEqual(
        task.feeds.map(({ axis }) => axis),
        [undefined, 1, null],
      );
      assert.deepEqual(task.outputAxes, { next: 1 });
      assert.deepEqual(await inputShapes(task, 5), { x: [5, WIDTH], state: [2, 5, WIDTH], rate: [] });
      const batchOf = await task.splits.train.read(Int32Array.of(3, 1));
      const { state } = feedsOf(task.feeds, batchOf);
      const stored = batchOf.inputs.state.data;
      assert.deepEqual([...state.numbers()].slice(WIDTH, 2 * WIDTH), [...stored].slice(2 * WIDTH, 3 * WIDTH).map(Number));
      assert.ok((await evaluate(model, task, runtime)).value > 1 - 1e-9, 'the model agrees with itself');
      const { model: quantized, plan } = await quantizeStatic(model, task, runtime);
      assert.ok(plan.layers.length >= 2, `${plan.layers.length} layers`);
      const { value } = await evaluate(quantized, task, runtime, { batchSize: 3, split: 'train' });
      assert.ok(value > 0.95, `the quantized one agrees by ${value}`);
    });
  }
}

test('a stream answers raw samples, several at a time, with a setting that all share', async () => {
  const model = stream(() => N);
  const samples = source();
  const { task } = await createTask(model, samples, runtime);
  noteTask(model, task);
  const made = await predictor(model, runtime, { threads: 1 });
  let count = 0;
  for await (const _ of made.predictAll(samples.train)) count++;
  await made.dispose();
  assert.equal(count, SAMPLES);
});

test('a stream of one sample at a time is trained in parts', async () => {
  const model = stream(() => 1);
  const { task } = await createTask(model, source({ single: true }), runtime);
  assert.deepEqual(task.outputAxes, { next: 1 });
  const result = await train({ model, task, runtime, options: { epochs: 1, batchSize: 4, evaluateEvery: 0 } });
  assert.equal(result.parameters.length, 3);
});

test('a batch of several is trained whole and in parts alike', async () => {
  const model = stream(() => N);
  const { task } = await createTask(model, source(), runtime, { splits: { test: 3, validation: 3, calibration: 2 } });
  assert.equal(task.splits.train.size % 4, 0);
  const squares: typeof task.loss =
    () =>
    ({ build, value }) =>
      build.op('ReduceMean', [build.op('Mul', [value('y'), value('y')])], { keepdims: 0 });
  const options = { epochs: 1, batchSize: 4, evaluateEvery: 0, optimizer: { kind: 'sgd' }, learningRate: 0.01 } as const;
  const trained = async (accumulate: number) => {
    const { model: tuned } = await train({ model, task: { ...task, loss: squares }, runtime, options: { ...options, accumulate } });
    return [...tuned.graph.initializers].flatMap(({ initializer, dtype }) =>
      dtype === 'float32' ? [...(initializer?.numbers() ?? [])] : [],
    );
  };
  const [whole, parts] = [await trained(1), await trained(2)];
  whole.forEach((number, i) => {
    assert.ok(Math.abs(number - parts[i]) < 1e-6, `${number}, ${parts[i]}`);
  });
});

test('samples of different settings are not run together', async () => {
  const model = stream(() => N);
  const { task } = await createTask(model, source({ rates: Array.from({ length: SAMPLES }, (_, i) => i) }), runtime);
  await assert.rejects(
    evaluate(model, task, runtime),
    (error: unknown) => error instanceof DataError && /different settings/.test(error.message),
  );
});

test('inputs that are made up have the batch where it belongs', () => {
  const feeds = makeFeeds(
    stream(() => N),
    { batch: 3 },
  );
  assert.deepEqual(
    Object.values(feeds).map(({ shape }) => shape),
    [[3, WIDTH], [2, 3, WIDTH], []],
  );
});

test('samples that are answered otherwise together are refused', async () => {
  const model = stream(() => N);
  const build = typedBuilder(model.graph, model.opsets);
  const [, next] = model.graph.outputs;
  model.graph.outputs.length = 0;
  build.output(build.op('Sub', [next, build.op('ReduceMean', [next], { axes: [1], keepdims: 1 })]), 'centred');
  await assert.rejects(
    createTask(model, source(), runtime),
    (error: unknown) => error instanceof UnsupportedError && /each of them alone/.test(error.message),
  );
});
